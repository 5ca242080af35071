/**
 * Node's own HTTP, without the rest. `import 'node:http'` reads every export of it, and one of them,
 * WebSocket, loads the whole of undici: 12 MB in an agent that may have 64 (measured on Node 24.21).
 * Everything on the agent's path takes HTTP from here.
 */
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');
