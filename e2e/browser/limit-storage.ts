import type { Page } from 'playwright'

/** Gives the origin of a tab so many bytes, for as long as the tab is open. */
export async function limitStorage(tab: Page, quotaSize: number): Promise<void> {
  const devtools = await tab.context().newCDPSession(tab)
  const { origin } = new URL(tab.url())
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize })
}
