import { existsSync } from 'node:fs'
import { chromium, type LaunchOptions } from 'playwright'
import { installedChromium } from '../scripts/chromium.mjs'

/** Empty means Playwright's own browser; set by `npm test`, looked up when Vitest is run by hand. */
const executablePath =
  process.env['NEARCACHE_CHROMIUM'] ??
  (existsSync(chromium.executablePath()) ? '' : (installedChromium() ?? ''))

export const chromiumLaunchOptions: LaunchOptions = {
  headless: true,
  ...(executablePath === '' ? {} : { executablePath }),
  args: [
    // Chromium refuses its sandbox to root, which is what containers and CI run as.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-gpu',
    // The rest keeps it from calling home, which on a closed network costs seconds at each start.
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}
