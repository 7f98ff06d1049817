import { chromium } from 'playwright'
import { expect, it } from 'vitest'
import { chromiumLaunchOptions } from './chromium.ts'
import { startDevServer } from './dev-server.ts'

it('shows the demo in a browser', async () => {
  await using server = await startDevServer()
  await using browser = await chromium.launch(chromiumLaunchOptions)
  const page = await browser.newPage()
  await page.goto(server.url)
  await page.getByText('The shard says pong').waitFor()
  expect(await page.title()).toBe('nearcache: countries')
})
