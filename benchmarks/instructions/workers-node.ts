// Imported by every Node process of a measured platform, as workers-node.ts?node=PROGRAM: those that are no edge worker start theirs with PROGRAM.
const node = new URL(import.meta.url).searchParams.get('node');
if (node !== null && process.argv[1]?.includes('/worker-main.') === false) process.execPath = node;
