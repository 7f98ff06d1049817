import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Browser
 * @property {string} name
 * @property {() => string | undefined} find Returns its path, if it is installed.
 * @property {readonly string[]} packages The Debian packages to install.
 * @property {boolean} needsDisplay
 * @property {(profile: string, url: string) => string[]} args Opens one page with its own profile.
 * @property {readonly { test: string, why: string }[]} leftOut
 */

/** @typedef {'firefox' | 'webkit'} Engine */

/**
 * Browsers that Playwright supports only as its own builds.
 *
 * @type {Readonly<Record<Engine, Browser>>}
 */
export const BROWSERS = {
  firefox: {
    name: 'Firefox',
    find: () => ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((path) => existsSync(path)),
    packages: ['firefox-esr'],
    needsDisplay: false,
    args: (profile, url) => ['--headless', '--no-remote', '--profile', profile, url],
    leftOut: [],
  },
  webkit: {
    name: 'WebKit',
    find: miniBrowser,
    packages: ['webkit2gtk-driver', 'xvfb'],
    needsDisplay: true,
    // The environment sets where it stores its data.
    args: (_profile, url) => [url],
    leftOut: [
      {
        test: 'a huge sparse array',
        why: 'the structured clone counts through four billion holes, and the page stands still for more than a minute',
      },
    ],
  },
}

/**
 * Returns an environment in which the browser stores all its data in the profile, so that the next run starts
 * clean.
 *
 * @param {string} profile
 */
export function environment(profile) {
  return {
    ...process.env,
    HOME: profile,
    XDG_CACHE_HOME: join(profile, 'cache'),
    XDG_CONFIG_HOME: join(profile, 'config'),
    XDG_DATA_HOME: join(profile, 'data'),
    XDG_RUNTIME_DIR: profile,
    MOZ_CRASHREPORTER_DISABLE: '1',
  }
}

/** WebKitGTK's own small browser, in a folder named after the machine's architecture. */
function miniBrowser() {
  return ['/usr/lib', '/usr/lib64', '/usr/libexec']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))])
    .flatMap((folder) => ['webkit2gtk-4.1', 'webkitgtk-6.0'].map((api) => join(folder, api, 'MiniBrowser')))
    .find((path) => existsSync(path))
}
