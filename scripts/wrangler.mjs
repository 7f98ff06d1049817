import { commandPath, toolEnvironment } from './setup.mjs'

/**
 * The arguments (for Node) and the environment of a `wrangler dev` that stays on this machine and asks nothing.
 *
 * @param {string[]} args
 */
export function wranglerDev(...args) {
  return {
    args: [
      commandPath('wrangler'),
      'dev',
      '--local',
      // Nobody attaches a debugger, and a fixed port would keep two servers from running side by side.
      '--inspector-port=0',
      '--show-interactive-dev-session=false',
      ...args,
    ],
    env: {
      ...toolEnvironment(),
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_SEND_ERROR_REPORTS: 'false',
      WRANGLER_WRITE_LOGS: 'false',
      // No banner, no look for a newer version.
      WRANGLER_HIDE_BANNER: 'true',
      // Else miniflare asks cloudflare.com where on earth this machine is.
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
  }
}

/** Finds the address in what wrangler prints once it serves. */
export const READY = /Ready on (https?:\/\/\S+)\s/
