// node tethered.mjs <arguments for node>: runs them for as long as its standard input stays open. The system closes
// that pipe however the test process ends, by a signal too, and no server outlives its test run.
import { spawn } from 'node:child_process'

const child = spawn(process.execPath, process.argv.slice(2), { stdio: ['ignore', 'inherit', 'inherit'] })
child.on('exit', (code) => process.exit(code ?? 1))
// Started as the leader of a process group: what the child has started goes too.
process.stdin.resume().on('close', () => process.kill(-process.pid, 'SIGKILL'))
