import { commandPath, toolEnvironment } from './setup.mjs'

/**
 * Returns the arguments (for Node) and the environment of a `wrangler dev` that uses no network and asks no
 * questions.
 *
 * @param {string[]} args
 */
export function wranglerDev(...args) {
  return {
    args: [
      commandPath('wrangler'),
      'dev',
      '--local',
      // No debugger is attached, and a fixed port would prevent two servers at the same time.
      '--inspector-port=0',
      '--show-interactive-dev-session=false',
      ...args,
    ],
    env: {
      ...toolEnvironment(),
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_SEND_ERROR_REPORTS: 'false',
      WRANGLER_WRITE_LOGS: 'false',
      // No banner and no check for a newer version.
      WRANGLER_HIDE_BANNER: 'true',
      // Otherwise miniflare requests this machine's location from cloudflare.com.
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
  }
}

/** Finds the address in the output of wrangler. */
export const READY = /Ready on (https?:\/\/\S+)\s/
