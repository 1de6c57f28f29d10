import { quickenImports } from '@postern/runtime/quicken';

quickenImports();
const { runProgram } = await import('./program.ts');
process.exitCode = await runProgram(process.argv.slice(2));
