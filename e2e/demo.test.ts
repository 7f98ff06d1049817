import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chromiumLaunchOptions } from './chromium.ts'
import { type DevServer, startDevServer } from './dev-server.ts'

let server: DevServer
let browser: Browser

beforeAll(async () => {
  server = await startDevServer({ args: ['--var=ORIGIN_DELAY_MS:20'] })
  browser = await chromium.launch(chromiumLaunchOptions)
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

// A page left open goes on loading flags while the next test runs.
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()))
})

/** A browser profile of its own, with the page open and its list shown. */
async function visit(context?: BrowserContext): Promise<Page> {
  const page = await (context ?? (await browser.newContext())).newPage()
  await page.goto(server.url)
  await page.getByRole('button', { name: /^Greece/ }).waitFor()
  return page
}

async function open(page: Page, country: RegExp): Promise<void> {
  await page.getByRole('list').getByRole('button', { name: country }).first().click()
}

/** Where the newest answer to a path came from, once there is one. */
async function sourceOf(page: Page, path: string): Promise<string> {
  const newest = page.locator('#log li').filter({ has: page.getByText(path, { exact: true }) })
  return (await newest.first().locator('.badge').textContent()) ?? ''
}

describe('the demo', () => {
  it('says where its answers come from: the origin, memory, IndexedDB, and for others the edge', async () => {
    await fetch(`${server.url}/api/cache`, { method: 'DELETE' })
    const page = await visit()
    expect(await sourceOf(page, 'countries')).toBe('origin')
    await open(page, /^Greece/)
    await page.getByText('Hellenic Republic').waitFor()
    expect(await sourceOf(page, 'countries/GRC')).toBe('origin')
    await page.getByRole('button', { name: 'Close' }).click()
    await open(page, /^Greece/)
    await page.locator('#detail .badge.memory').waitFor()
    await page
      .getByText(/^Answered by memory in \d.* instead of \d+ ms by network \d+ s old, kept here for 7 d$/)
      .waitFor()
    await page.getByText(/^1 of 5 from this browser, \d+ ms saved$/).waitFor()

    await page.reload()
    await page.getByRole('button', { name: /^Greece/ }).waitFor()
    expect(await sourceOf(page, 'countries')).toBe('IndexedDB')
    await open(page, /^Greece/)
    await page.locator('#detail .badge.indexeddb').waitFor()
    await page
      .getByText(/^Answered by IndexedDB in \d.* instead of \d+ ms by network \d+ s old, kept here for 7 d$/)
      .waitFor()

    const stranger = await visit()
    expect(await sourceOf(stranger, 'countries')).toBe('edge')
  })

  it('says the same to all who wait for one answer', async () => {
    const page = await visit()
    await fetch(`${server.url}/api/cache`, { method: 'DELETE' })
    const held = Promise.withResolvers<void>()
    await page.route('**/api/countries/PRT', async (route) => {
      await held.promise
      await route.continue()
    })
    for (const _ of ['first', 'again']) {
      await open(page, /^Portugal/)
      await page.getByText('Asking …').waitFor()
      await page.keyboard.press('Escape')
    }
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    held.resolve()
    const portugal = page.locator('#log li').filter({ has: page.getByText('countries/PRT', { exact: true }) })
    await expect.poll(() => portugal.locator('.badge').allTextContents()).toEqual(['origin', 'origin'])
  })

  it('goes further away for what was cleared nearer', async () => {
    const page = await visit()
    await open(page, /^Norway/)
    await page.getByText('Kingdom of Norway').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    for (const cache of ['memory', 'IndexedDB', 'edge']) {
      await page.getByRole('button', { name: `Clear ${cache}` }).click()
      await page
        .locator('#note')
        .filter({ hasText: new RegExp(`${cache} was cleared`, 'i') })
        .waitFor()
    }
    await open(page, /^Norway/)
    await page.locator('#detail .badge.origin').waitFor()
  })

  it('loses no view of two tabs that count at once', async () => {
    const context = await browser.newContext()
    const tabs = [await visit(context), await visit(context)]
    const count = () =>
      Promise.all(
        Array.from({ length: 25 }, async () => {
          const response = await fetch('/api/countries/FIN/views', { method: 'POST' })
          return ((await response.json()) as { views: number }).views
        }),
      )
    const counts = (await Promise.all(tabs.map((tab) => tab.evaluate(count)))).flat()
    expect(counts.sort((one, other) => one - other)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    )
  })

  it('works without a network, from IndexedDB', async () => {
    const context = await browser.newContext()
    const page = await visit(context)
    await open(page, /^Greece/)
    await page.locator('#views').filter({ hasText: /^\d+$/ }).waitFor()
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready
      if (navigator.serviceWorker.controller) return
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve))
    })

    await context.setOffline(true)
    await page.reload()
    await page.getByText('offline: answers from this browser').waitFor()
    await page.getByRole('button', { name: /^Greece/ }).waitFor()
    expect(await sourceOf(page, 'countries')).toBe('IndexedDB')
    await open(page, /^Greece/)
    await page.getByText('Hellenic Republic').waitFor()
    await page
      .locator('#views')
      .filter({ hasText: /^\d+, as last seen/ })
      .waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await open(page, /^Sweden/)
    await page.getByText('You are offline, and this was not opened before').waitFor()
    expect(await sourceOf(page, 'countries/SWE')).toBe('offline')
    await page.locator('#detail .flag.missing').waitFor()
    const missing = page.locator('#list .flag.missing')
    await missing.first().waitFor()

    await context.setOffline(false)
    await expect.poll(() => missing.count()).toBe(0)
    await page.getByRole('button', { name: 'Close' }).click()
    await open(page, /^Sweden/)
    await page.getByText('Kingdom of Sweden').waitFor()
    await page.locator('#detail img.flag').waitFor()
  })

  it('can be used by keyboard', async () => {
    const page = await visit()
    for (const name of ['Clear memory', 'Clear IndexedDB', 'Clear edge']) {
      await page.keyboard.press('Tab')
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(name)
    }
    await page.keyboard.press('Tab')
    expect(await page.getByLabel('Search').evaluate((input) => input === document.activeElement)).toBe(true)
    await page.getByLabel('Search').fill('sao tome')
    const found = page.getByRole('list').getByRole('button')
    await page.getByText('1 of 250').waitFor()
    await found.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'São Tomé and Príncipe' })
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    expect(await found.evaluate((button) => button === document.activeElement)).toBe(true)

    await page.getByLabel('Search').fill('lisbon')
    await found.filter({ hasText: 'Portugal' }).press('Enter')
    const spain = page.getByRole('dialog', { name: 'Portugal' }).getByRole('button', { name: 'Spain' })
    await spain.press('Enter')
    const heading = page.getByRole('heading', { name: 'Spain' })
    await heading.waitFor()
    expect(await heading.evaluate((title) => title === document.activeElement)).toBe(true)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })

    await page.getByLabel('Search').fill('sao tome')
    await page.getByLabel('Region').selectOption('Oceania')
    await page.getByText('0 of 250').waitFor()
    await page.getByRole('button', { name: 'Show all' }).press('Enter')
    await page.getByText('250 of 250').waitFor()
    expect(await page.getByLabel('Search').evaluate((input) => input === document.activeElement)).toBe(true)
  })

  it('fits a phone', async () => {
    const page = await visit(await browser.newContext({ viewport: { width: 390, height: 844 } }))
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(await overflow()).toBe(0)
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await overflow()).toBe(0)
    await page.setViewportSize({ width: 390, height: 844 })
    await open(page, /^South Africa/)
    await page.getByText(/kept here for/).waitFor()
    expect(await overflow()).toBe(0)
    const dialog = await page.getByRole('dialog').boundingBox()
    expect(dialog?.x).toBeGreaterThan(0)
    expect((dialog?.x ?? 0) + (dialog?.width ?? 0)).toBeLessThan(390)
    // However far it is scrolled, it can be closed by touch.
    const close = page.getByRole('button', { name: 'Close' })
    const before = await close.boundingBox()
    await page.locator('#views').scrollIntoViewIfNeeded()
    expect(await page.getByRole('dialog').evaluate((element) => element.scrollTop)).toBeGreaterThan(0)
    expect(await close.boundingBox()).toEqual(before)
  })

  it('says so when it cannot be kept for offline', async () => {
    const context = await browser.newContext()
    await context.route('**/service-worker.js', (route) => route.fulfill({ status: 404 }))
    const page = await visit(context)
    await page.getByText(/^This page will not open offline/).waitFor()
  })

  it('shows failures as what they are', async () => {
    const page = await visit()
    const show = async (code: string, country: RegExp, message: RegExp, badge: string) => {
      await open(page, country)
      await page.locator('#detail-status').filter({ hasText: message }).waitFor()
      expect(await sourceOf(page, `countries/${code}`)).toBe(badge)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
    }
    await page.route('**/api/countries/CHL', (route) => route.abort('connectionrefused'))
    await show('CHL', /^Chile/, /^The server does not answer/, 'no answer')
    await page.route('**/api/countries/PER', (route) =>
      route.fulfill({ status: 502, json: { error: 'The origin failed: down' } }),
    )
    await show('PER', /^Peru/, /^The origin failed: down \(502\)$/, '502')
    await page.route('**/api/countries/CUB', (route) =>
      route.fulfill({ status: 404, json: { error: 'gone' } }),
    )
    await show('CUB', /^Cuba/, /^The origin knows no such country/, '404')
    // None of it was kept.
    await page.unrouteAll()
    await show('PER', /^Peru/, /^Answered by/, 'origin')
  })

  it('goes on without IndexedDB, and says that nothing is kept', async () => {
    const context = await browser.newContext()
    await context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('Not allowed', 'SecurityError')
      }
    })
    const page = await visit(context)
    await page.getByText(/^Nothing is kept for offline, .*Not allowed\.$/).waitFor()
    await open(page, /^Greece/)
    await page.locator('#views').filter({ hasText: /^\d+$/ }).waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await open(page, /^Greece/)
    await page.locator('#detail .badge.memory').waitFor()
  })

  it('lets its visitor ask again for the list that failed', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.route('**/api/countries', (route) =>
      route.fulfill({ status: 502, json: { error: 'The origin does not answer' } }),
    )
    await page.goto(server.url)
    const alert = page.getByRole('alert').filter({ hasText: 'The origin does not answer (502)' })
    await alert.waitFor()
    await page.getByLabel('Search').fill('a')
    expect(await page.locator('#count').textContent()).toBe('')
    await page.getByLabel('Search').fill('')
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Try again' }).press('Enter')
    await page.getByText('250 of 250').waitFor()
    await alert.waitFor({ state: 'hidden' })
    expect(await page.getByLabel('Search').evaluate((input) => input === document.activeElement)).toBe(true)
  })

  it('keeps the filter when the network goes and comes', async () => {
    const page = await visit()
    await page.getByLabel('Region').selectOption('Oceania')
    const shown = await page.locator('#count').textContent()
    expect(shown).not.toMatch(/^(0|250) /)
    await page.context().setOffline(true)
    await page.getByText('offline: answers from this browser').waitFor()
    await page.context().setOffline(false)
    await page.getByText('online', { exact: true }).waitFor()
    expect(await page.getByLabel('Region').inputValue()).toBe('Oceania')
    expect(await page.locator('#count').textContent()).toBe(shown)
  })

  it('tells errors by their status', async () => {
    const ask = async (path: string, method = 'GET') =>
      (await fetch(`${server.url}/api/${path}`, { method })).status
    expect(await ask('countries/XXX')).toBe(404)
    expect(await ask('countries/greece')).toBe(404)
    expect(await ask('countries/XXX/views', 'POST')).toBe(404)
    expect(await ask('nothing')).toBe(404)
    expect(await ask('countries', 'POST')).toBe(405)
    expect(await ask('countries/FIN', 'DELETE')).toBe(405)
    expect(await ask('cache')).toBe(405)
    expect(await ask('cache', 'DELETE')).toBe(204)
  })
})
