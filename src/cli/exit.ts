/** How a command ended: `refused` is an answer, `misused` is the caller's to mend. */
export const EXIT = { fine: 0, refused: 1, misused: 2 } as const;
