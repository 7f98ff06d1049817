// Prepares everything that the other scripts need. It is plain JavaScript on Node's own modules, because it
// runs on the user's Node before the dependencies (and the project's own Node) are installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installedChromium } from './chromium.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))
const inRoot = (/** @type {string[]} */ ...parts) => join(root, ...parts)
const stamp = inRoot('node_modules', '.nearcache-lock')

/** Installs the packages if they are missing or differ from package-lock.json. */
export function ensureDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(inRoot('package-lock.json')))
    .digest('hex')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    if (isLink(inRoot('node_modules'))) {
      // `npm ci` would empty the link's target, which belongs to another checkout, and then replace the link.
      console.log('node_modules is a link: using its packages without installing any.')
      return
    }
    console.log('Installing the packages of package-lock.json …')
    // Hide engine warnings about the user's Node: the tools run on the Node installed here.
    const { status } = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], outsideEnvironment())
    if (status !== 0) fail('npm ci failed: see its message above.')
  }
  ensureNode()
  writeFileSync(stamp, lock)
}

function isLink(/** @type {string} */ path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

/** With `ignore-scripts`, npm leaves the `node` package without its binary. */
function ensureNode() {
  if (existsSync(nodePath())) return
  console.log('Installing the project’s own Node …')
  spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
    cwd: inRoot('node_modules', 'node'),
    stdio: ['ignore', 'inherit', 'inherit'],
    env: outsideEnvironment(),
  })
  if (!existsSync(nodePath())) {
    fail(
      'The npm package "node" has no binary for this machine. Install Node 22.12 or later and start again.',
    )
  }
}

/** The Node for all tools. The user's may be too old. */
export function nodePath() {
  const own = ['node', 'node.exe'].map((name) => inRoot('node_modules', 'node', 'bin', name))
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const current = major > 22 || (major === 22 && minor >= 12)
  const [found] = own.filter((path) => existsSync(path))
  return found ?? (current ? process.execPath : /** @type {string} */ (own[0]))
}

/**
 * Returns the script of a command of an installed package.
 *
 * @param {string} packageName
 * @param {string} [command]
 */
export function commandPath(packageName, command = packageName) {
  const folder = inRoot('node_modules', ...packageName.split('/'))
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin[command])
}

/** The environment for the tools, so that `node` in a child process is the same Node. */
export function toolEnvironment() {
  const folders = [dirname(nodePath()), inRoot('node_modules', '.bin'), process.env['PATH']]
  return { ...process.env, PATH: folders.join(delimiter) }
}

/** Nothing in node_modules may run while `npm ci` replaces it. */
function outsideEnvironment() {
  const inside = `${sep}node_modules${sep}.bin`
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.endsWith(inside))
  return { ...process.env, PATH: path.join(delimiter) }
}

/** Finds or installs a Chromium. Returns the value for NEARCACHE_CHROMIUM: its path, or '' for Playwright's own. */
export async function ensureBrowser() {
  const chosen = process.env['NEARCACHE_CHROMIUM']
  if (chosen !== undefined) return chosen
  const found = (await playwrightChromium()) ?? installedChromium()
  if (found !== undefined) return found

  // Tried before Playwright's download, which brings no system libraries. A closed network may still have a
  // Debian mirror.
  if (isDebianRoot()) {
    console.log('Installing Debian’s Chromium …')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    run('apt-get', ['update', '-qq'], env)
    run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'chromium'], env)
    const installed = installedChromium()
    if (installed !== undefined) return installed
  }
  console.log('Downloading Playwright’s Chromium …')
  const env = { ...toolEnvironment(), PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '10000' }
  run(nodePath(), [commandPath('playwright'), 'install', 'chromium'], env)
  return (
    (await playwrightChromium()) ??
    fail('No Chromium here, and none could be installed. Install one, or set NEARCACHE_CHROMIUM to its path.')
  )
}

async function playwrightChromium() {
  const { chromium } = await import('playwright')
  return existsSync(chromium.executablePath()) ? '' : undefined
}

export function isDebianRoot() {
  if (process.getuid?.() !== 0 || !existsSync('/etc/os-release')) return false
  // Not on Ubuntu, whose package is a stub for a snap.
  return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function run(command, args, env = toolEnvironment()) {
  // On Windows npm is a .cmd file, which needs a shell.
  const shell = process.platform === 'win32' && command === 'npm'
  return spawnSync(command, args, { cwd: root, env, shell, stdio: ['ignore', 'inherit', 'inherit'] })
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message)
  process.exit(1)
}
