import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
]

/**
 * Returns the path of an installed Chromium or Chrome.
 *
 * @returns {string | undefined}
 */
export function installedChromium() {
  const local = process.env['LOCALAPPDATA']
  const candidates = [
    ...INSTALLED,
    join(homedir(), 'Applications/Google Chrome.app/Contents/MacOS/Google Chrome'),
    ...(local === undefined ? [] : [join(local, 'Google/Chrome/Application/chrome.exe')]),
  ]
  return candidates.find((path) => existsSync(path))
}
