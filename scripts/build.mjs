import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { commandPath, ensureDependencies, nodePath, root, run } from './setup.mjs'

ensureDependencies()
// Removes old output, so that a renamed module does not stay in the package.
rmSync(join(root, 'dist'), { recursive: true, force: true })
process.exitCode =
  run(nodePath(), [commandPath('typescript', 'tsc'), '-p', 'tsconfig.build.json']).status ?? 1
