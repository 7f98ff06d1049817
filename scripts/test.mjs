// npm test: runs everything. npm test -- <arguments>: runs only Vitest, with these arguments.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandPath, ensureBrowser, ensureDependencies, nodePath, run, toolEnvironment } from './setup.mjs'

ensureDependencies()
const env = { ...toolEnvironment(), NEARCACHE_CHROMIUM: await ensureBrowser() }
const scratch = mkdtempSync(join(tmpdir(), 'nearcache-test-'))
/** @type {string[]} */
const failures = []

const only = process.argv.slice(2)
if (only.length === 0) {
  step('lint', () => tool('@biomejs/biome', 'biome', 'ci'))
  step('code blocks of the documentation', () => run(nodePath(), ['scripts/snippets.mjs'], env).status === 0)
  step('types', () => tool('typescript', 'tsc', '-p', 'tsconfig.json'))
  step('types in a service worker', () => tool('typescript', 'tsc', '-p', 'tsconfig.service-worker.json'))
  step('types in workerd', () => tool('typescript', 'tsc', '-p', 'tsconfig.workers.json'))
  step('unused code', () => tool('knip', 'knip'))
}
const report = join(scratch, 'vitest.json')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const testsPassed = step('tests', () => tool('vitest', 'vitest', 'run', ...reporters, ...only))
if (only.length === 0) {
  // Packing runs the build (prepack), so this checks what would be published.
  step('package', () => {
    if (run('npm', ['pack', '--silent', '--pack-destination', scratch], env).status !== 0) return false
    const tarball = join(scratch, readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? '')
    const published = tool('publint', 'publint', 'run', tarball, '--strict')
    return (
      tool('@arethetypeswrong/cli', 'attw', tarball, '--profile', 'esm-only', '--format', 'table-flipped') &&
      published
    )
  })
}

const { passed, failed } = counts()
rmSync(scratch, { recursive: true })
if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`)
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failures.length === 0 ? 0 : 1

/**
 * @param {string} name
 * @param {() => boolean} action
 */
function step(name, action) {
  console.log(`\n— ${name}`)
  const passed = action()
  if (!passed) failures.push(name)
  return passed
}

/**
 * @param {string} packageName
 * @param {string} command
 * @param {string[]} args
 */
function tool(packageName, command, ...args) {
  return run(nodePath(), [commandPath(packageName, command), ...args], env).status === 0
}

function counts() {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
    // A file that cannot be loaded has no failed tests to count. Neither does an error outside a test.
    const broken = testResults.filter(isBroken).length
    return {
      passed: numPassedTests,
      failed: Math.max(numFailedTests + broken, testsPassed ? 0 : 1),
    }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

/** @param {{ status: string, assertionResults: { status: string }[] }} file */
function isBroken(file) {
  return file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')
}
