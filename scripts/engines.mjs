// npm run test:engines: runs the browser tests in Firefox and WebKit, and writes docs/engines.md from their
// reports.
// npm run test:engines -- webkit: runs one of them, and writes nothing.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BROWSERS, environment } from './engines/browsers.mjs'
import {
  commandPath,
  ensureDependencies,
  isDebianRoot,
  nodePath,
  root,
  run,
  toolEnvironment,
} from './setup.mjs'

/** @typedef {import('./engines/browsers.mjs').Engine} Engine */
/** @typedef {{ ancestorTitles: string[], title: string, status: string }} Test */
/** @typedef {{ version: string, passed: number, skipped: number, failures: string[], seconds: number }} Result */

const LIMIT = 5 * 60_000
const ALL = /** @type {Engine[]} */ (Object.keys(BROWSERS))

ensureDependencies()
const scratch = mkdtempSync(join(tmpdir(), 'nearcache-engines-'))
/** @type {Set<() => void>} */
const running = new Set()
process.on('exit', () => {
  for (const stop of running) stop()
  // Killed processes may still write for a moment.
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

const chosen = ALL.filter((engine) => process.argv.length < 3 || process.argv.includes(engine))
if (chosen.length === 0) console.error(`Unknown engine. Pass one of ${ALL.join(', ')}, or none to run all`)
/** @type {Map<Engine, Result>} */
const results = new Map()
for (const engine of chosen) {
  const missing = install(engine)
  if (missing === undefined) results.set(engine, await test(engine))
  else console.error(`${BROWSERS[engine].name} was not run: ${missing}`)
}
for (const [engine, { version, passed, skipped, failures, seconds }] of results) {
  console.log(
    `${BROWSERS[engine].name} ${version}: ${passed} passed, ${failures.length} failed, ${skipped} skipped in ${seconds} s`,
  )
  for (const failure of failures) console.log(`  failed: ${failure}`)
}
if (results.size === ALL.length) write()
const green = results.size > 0 && [...results.values()].every(({ failures }) => failures.length === 0)
process.exit(green && results.size === chosen.length ? 0 : 1)

/**
 * Returns what is missing and cannot be installed.
 *
 * @param {Engine} engine
 */
function install(engine) {
  const { find, packages, needsDisplay } = BROWSERS[engine]
  const complete = () => find() !== undefined && (!needsDisplay || existsSync('/usr/bin/Xvfb'))
  if (complete()) return undefined
  if (isDebianRoot()) {
    console.log(`Installing ${packages.join(' and ')} …`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    run('apt-get', ['update', '-qq'], env)
    run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', ...packages], env)
    if (complete()) return undefined
  }
  return `apt-get install ${packages.join(' ')} is yours to do, unless you are root on Debian.`
}

/**
 * @param {Engine} engine
 * @returns {Promise<Result>}
 */
async function test(engine) {
  const started = Date.now()
  const folder = join(scratch, engine)
  const report = join(folder, 'vitest.json')
  mkdirSync(folder)
  const display = BROWSERS[engine].needsDisplay ? await startDisplay() : { env: {}, ended: undefined }
  const version = versionOf(engine, { ...environment(folder), ...display.env })

  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const config = ['--config', join(root, 'scripts', 'engines', 'vitest.config.mjs')]
  const vitest = start(nodePath(), [commandPath('vitest'), 'run', ...config, ...reporters], {
    ...toolEnvironment(),
    ...display.env,
    NEARCACHE_ENGINE: engine,
    TMPDIR: folder,
  })
  const status = await vitest.ended
  for (const stop of running) stop()
  await display.ended
  const seconds = Math.round((Date.now() - started) / 1000)
  return { version, seconds, ...read(report, status) }
}

/**
 * Starts a process group, so that the browser and its own processes end together.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {NodeJS.Signals} [signal]
 */
function start(command, args, env, signal = 'SIGKILL') {
  const child = spawn(command, args, {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  const timer = setTimeout(() => stop(), LIMIT)
  const stop = () => {
    clearTimeout(timer)
    running.delete(stop)
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal)
    } catch {
      // All of its processes have ended.
    }
  }
  running.add(stop)
  const ended = new Promise((resolve) => child.once('error', resolve).once('exit', resolve))
  return { child, ended: ended.then(() => child.exitCode) }
}

/** Starts a virtual display with the first free number. */
async function startDisplay() {
  // On SIGTERM it removes its lock and socket. On SIGKILL it does not.
  const { child, ended } = start('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp'], process.env, 'SIGTERM')
  const number = new Promise((resolve) => child.stdio[3]?.once('data', resolve))
  return { env: { DISPLAY: `:${String(await Promise.race([number, ended])).trim()}` }, ended }
}

/**
 * @param {Engine} engine
 * @param {NodeJS.ProcessEnv} env
 */
function versionOf(engine, env) {
  const options = /** @type {const} */ ({ env, encoding: 'utf8', timeout: 30_000, killSignal: 'SIGKILL' })
  const { stdout } = spawnSync(BROWSERS[engine].find() ?? engine, ['--version'], options)
  return /\d[\w.]*/.exec(stdout ?? '')?.[0] ?? 'unknown'
}

/**
 * @param {string} report
 * @param {number | null} status
 */
function read(report, status) {
  if (!existsSync(report)) {
    return { passed: 0, skipped: 0, failures: [`no report after ${LIMIT / 60_000} minutes, or none at all`] }
  }
  /** @type {{ testResults: { assertionResults: Test[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const failures = tests
    .filter(({ status }) => status === 'failed')
    .map(({ ancestorTitles, title }) => [...ancestorTitles, title].join(' › '))
  const passed = tests.filter(({ status }) => status === 'passed').length
  // A file that cannot be loaded, or a page that closed, has no failed tests.
  if (status !== 0 && failures.length === 0) failures.push('the run ended before its end')
  return { passed, skipped: tests.length - passed - failures.length, failures }
}

function write() {
  const date = new Date().toISOString().slice(0, 10)
  const rows = [...results].map(([engine, { version, passed, failures, skipped }]) =>
    ['', BROWSERS[engine].name, version, date, passed, failures.length, skipped, ''].join(' | ').trim(),
  )
  const left = chosen.flatMap((engine) =>
    BROWSERS[engine].leftOut.map(({ test, why }) => `- ${BROWSERS[engine].name}, “${test}”: ${why}.`),
  )
  const failed = [...results].flatMap(([engine, { failures }]) =>
    failures.map((name) => `- ${BROWSERS[engine].name}: ${name.replaceAll(/[<>|*_`]/g, '\\$&')}`),
  )
  const text = `# IndexedDB in other engines

\`npm run test:engines\` writes this page. It runs the suites of the IndexedDB adapter and its random sequences in browsers that
\`npm test\` does not cover, because \`npm test\` uses Chromium: Firefox, and WebKitGTK for Safari’s engine.

| Engine | Version | Date | Passed | Failed | Skipped |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

The skipped tests are those of limits that IndexedDB does not have, and these:

${left.join('\n')}

## Failures

${failed.join('\n') || 'None.'}
`
  const file = join(root, 'docs', 'engines.md')
  writeFileSync(file, text)
  run(nodePath(), [commandPath('@biomejs/biome', 'biome'), 'format', '--write', file])
}
