/** For processes that only compute, beside others that somebody waits for: `node --import`. */
import { constants, setPriority } from 'node:os';

setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
