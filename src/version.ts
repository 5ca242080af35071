/** Of this program; replaced by the build. */
export const AUTOPILOT_VERSION = '0.1.0';
