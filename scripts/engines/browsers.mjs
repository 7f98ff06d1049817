import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Browser
 * @property {string} name
 * @property {() => string | undefined} find Its path, where it is installed.
 * @property {readonly string[]} packages What has it in Debian.
 * @property {(profile: string, url: string) => string[]} args Opens one page, with a profile of its own.
 */

/** What Playwright drives only in builds of its own, and what needs no driver to open a page. */
export const BROWSERS = /** @type {const} @satisfies {Record<string, Browser>} */ ({
  firefox: {
    name: 'Firefox',
    find: () => ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((path) => existsSync(path)),
    packages: ['firefox-esr'],
    args: (profile, url) => ['--headless', '--no-remote', '--profile', profile, url],
  },
  webkit: {
    name: 'WebKit',
    find: miniBrowser,
    packages: ['webkit2gtk-driver'],
    // Where it keeps what, it is told by the environment.
    args: (_profile, url) => [url],
  },
})

/** Whatever a browser keeps, it keeps in the profile: nothing is left of a run, and nothing met by the next. */
export function environment(/** @type {string} */ profile) {
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
  const folders = ['/usr/lib', '/usr/libexec'].filter((folder) => existsSync(folder))
  return folders
    .flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))])
    .flatMap((folder) => ['webkit2gtk-4.1', 'webkitgtk-6.0'].map((api) => join(folder, api, 'MiniBrowser')))
    .find((path) => existsSync(path))
}
