import { describe, expect, it } from 'vitest'
import { open, serveDemo, sourceOf } from './demo.ts'

const demo = serveDemo()

describe('the demo, when something fails', () => {
  it('says so when it cannot be kept for offline', async () => {
    const context = await demo.browser.newContext()
    await context.route('**/service-worker.js', (route) => route.fulfill({ status: 404 }))
    const page = await demo.visit(context)
    await page.getByText(/^This page will not open offline/).waitFor()
  })

  it('shows failures as what they are', async () => {
    const page = await demo.visit()
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
    const context = await demo.browser.newContext()
    await context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('Not allowed', 'SecurityError')
      }
    })
    const page = await demo.visit(context)
    await page.getByText(/^Nothing is kept for offline, .*: Not allowed\.$/).waitFor()
    await open(page, /^Greece/)
    await page.locator('#views').filter({ hasText: /^\d+$/ }).waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await open(page, /^Greece/)
    await page.locator('#detail .badge.memory').waitFor()
  })

  it('lets its visitor ask again for the list that failed', async () => {
    const page = await (await demo.browser.newContext()).newPage()
    await page.route('**/api/countries', (route) =>
      route.fulfill({ status: 502, json: { error: 'The origin does not answer' } }),
    )
    await page.goto(demo.url)
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
    const page = await demo.visit()
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
})
