import { describe, expect, it } from 'vitest'
import { open, serveDemo, sourceOf } from './demo.ts'

const demo = serveDemo()

describe('the demo', () => {
  it('says where its answers come from: the origin, memory, IndexedDB, and for others the edge', async () => {
    await fetch(`${demo.url}/api/cache`, { method: 'DELETE' })
    const page = await demo.visit()
    expect(await sourceOf(page, 'countries')).toBe('origin')
    await open(page, /^Greece/)
    await page.getByText('Hellenic Republic').waitFor()
    expect(await sourceOf(page, 'countries/GRC')).toBe('origin')
    await page.getByRole('button', { name: 'Close' }).click()
    await open(page, /^Greece/)
    await page.locator('#detail .badge.memory').waitFor()
    await page
      .getByText(
        /^Answered by memory in \d.* instead of [\d.]+ m?s by network \d+ \w+ old, kept here for 7 d$/,
      )
      .waitFor()
    await page.getByText(/^1 of 5 from this browser, [\d.]+ m?s saved$/).waitFor()

    await page.reload()
    await page.getByRole('button', { name: /^Greece/ }).waitFor()
    expect(await sourceOf(page, 'countries')).toBe('IndexedDB')
    await open(page, /^Greece/)
    await page.locator('#detail .badge.indexeddb').waitFor()
    await page
      .getByText(
        /^Answered by IndexedDB in \d.* instead of [\d.]+ m?s by network \d+ \w+ old, kept here for 7 d$/,
      )
      .waitFor()

    const stranger = await demo.visit()
    expect(await sourceOf(stranger, 'countries')).toBe('edge')
  })

  it('says the same to all who wait for one answer', async () => {
    const page = await demo.visit()
    await fetch(`${demo.url}/api/cache`, { method: 'DELETE' })
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
    const page = await demo.visit()
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
    const context = await demo.browser.newContext()
    const tabs = [await demo.visit(context), await demo.visit(context)]
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
    const context = await demo.browser.newContext()
    const page = await demo.visit(context)
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
    const page = await demo.visit()
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
    const page = await demo.visit(await demo.browser.newContext({ viewport: { width: 390, height: 844 } }))
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

  it('tells errors by their status', async () => {
    const ask = async (path: string, method = 'GET') =>
      (await fetch(`${demo.url}/api/${path}`, { method })).status
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
