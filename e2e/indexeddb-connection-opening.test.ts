import { type Browser, chromium } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openProfile } from './browser/lab.ts'
import { chromiumLaunchOptions } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions)
})
afterAll(() => browser.close())

it('fails in time while another page holds an older version, says so, and works once that lets go', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await other.evaluate(async () => {
    kept.database = await lab.openByHand(1, (upgraded) => {
      upgraded.createObjectStore('entries').put({ value: 1, expiresAt: null }, ':1:n')
    })
  })
  const [early, known] = await tab.evaluate(async () => {
    const { open } = IDBFactory.prototype
    const blocked = new Promise((resolve) => {
      IDBFactory.prototype.open = function (...args) {
        const request = open.apply(this, args)
        request.addEventListener('blocked', resolve)
        return request
      }
    })
    kept.cache = lab.openCache({ openTimeout: 0.2 })
    const call = () => Promise.all([lab.told(kept.cache.aincr('n')), lab.told(kept.cache.aget('n'))])
    const outcomes = await call()
    await blocked
    return [outcomes, await call()] as const
  })
  const cause = 'TimeoutError: The database "lab" did not open within 0.2 s'
  // On a busy machine the browser may take longer than that to say that it is blocked.
  for (const outcome of early) {
    expect(outcome).toEqual({ code: 'ADAPTER_FAILED', cause: expect.stringContaining(cause) })
  }
  const told = `${cause}: another page keeps an older version of it open`
  for (const outcome of known) expect(outcome).toEqual({ code: 'ADAPTER_FAILED', cause: told })
  await other.evaluate(() => kept.database.close())
  // None of the calls that failed was done behind the caller's back.
  expect(await tab.evaluate(() => lab.insist(() => kept.cache.aincr('n')))).toEqual({ value: 2 })
  expect(profile.errors).toEqual([])
})

it('waits for another page that lets go in time', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await other.evaluate(async () => {
    kept.database = await lab.openByHand(1)
    kept.database.onversionchange = () => {
      // Too late to go unnoticed: the upgrade is blocked by then.
      setTimeout(() => kept.database.close())
    }
  })
  expect(await tab.evaluate(() => lab.openCache().aincr('n', 1, { initial: 0 }))).toBe(1)
  expect(profile.errors).toEqual([])
})

it('fails in time when open never answers, and works when it answers again', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  const outcomes = await tab.evaluate(async () => {
    const { open } = IDBFactory.prototype
    IDBFactory.prototype.open = () => Object.setPrototypeOf(new EventTarget(), IDBOpenDBRequest.prototype)
    const cache = lab.openCache({ openTimeout: 0.2 })
    const failed = await Promise.all([lab.told(cache.aget('n')), lab.told(cache.aset('n', 1))])
    const closed = await lab.told(cache.aclose())
    IDBFactory.prototype.open = open
    return [...failed, closed, await lab.insist(() => cache.aget('n', { default: 'cold' }))]
  })
  const cause = 'TimeoutError: The database "lab" did not open within 0.2 s'
  expect(outcomes).toEqual([
    { code: 'ADAPTER_FAILED', cause },
    { code: 'ADAPTER_FAILED', cause },
    {},
    { value: 'cold' },
  ])
  expect(profile.errors).toEqual([])
})

it('keeps no connection that opened too late', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await other.evaluate(async () => {
    kept.database = await lab.openByHand(1)
  })
  await tab.evaluate(async () => {
    const { close } = IDBDatabase.prototype
    const cache = lab.openCache({ openTimeout: 0.2 })
    await lab.told(cache.aset('n', 1))
    kept.late = new Promise((resolve) => {
      IDBDatabase.prototype.close = function () {
        close.call(this)
        // What was opened first, and found to have no stores, is closed as well.
        if (this.objectStoreNames.length > 0) resolve([...this.objectStoreNames])
      }
    })
  })
  await other.evaluate(() => kept.database.close())
  expect(await tab.evaluate(() => kept.late)).toEqual(['entries', 'nearcache', 'totals', 'uses', 'values'])
  expect(profile.errors).toEqual([])
})

it('closes when all calls under way have ended, leaves no connection, and opens again for the next', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  const seen = await tab.evaluate(async () => {
    const isOpen = new Map<IDBDatabase, boolean>()
    const { close, transaction } = IDBDatabase.prototype
    IDBDatabase.prototype.transaction = function (...args) {
      if (!isOpen.has(this)) isOpen.set(this, true)
      return transaction.apply(this, args)
    }
    IDBDatabase.prototype.close = function () {
      isOpen.set(this, false)
      close.call(this)
    }
    // How many connections are left open.
    const left = () => [...isOpen.values()].filter(Boolean).length
    const cache = lab.openCache()
    const lefts: number[] = []
    const counts: unknown[] = []
    for (let round = 0; round < 3; round += 1) {
      const calls = Array.from({ length: 100 }, () => cache.aincr('n', 1, { initial: 0 }))
      await cache.aclose()
      counts.push((await Promise.all(calls)).at(-1))
      lefts.push(left())
    }
    await cache.aclose()
    await cache.aclose()
    lefts.push(left())
    return { counts, lefts, after: await cache.aget('n'), reopened: left() }
  })
  expect(seen).toEqual({ counts: [100, 200, 300], lefts: [0, 0, 0, 0], after: 300, reopened: 1 })
  expect(profile.errors).toEqual([])
})

it('closes, leaves no connection and tells onFault when it cannot write down what was used', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  const outcome = await tab.evaluate(async () => {
    const faults: string[] = []
    const onFault = (fault: unknown) => faults.push(`${fault}, ${(fault as Error).cause}`)
    const cache = lab.openCache({ onFault, limits: lab.lruLimits() })
    await cache.aset('n', 1, null)
    let closed = 0
    const { close } = IDBDatabase.prototype
    IDBDatabase.prototype.close = function () {
      closed += 1
      close.call(this)
    }
    const { put } = IDBObjectStore.prototype
    IDBObjectStore.prototype.put = function (...args) {
      if (this.name === 'uses') throw new DOMException('The disk is broken', 'UnknownError')
      return put.apply(this, args)
    }
    return { ...(await lab.told(cache.aclose())), closed, faults }
  })
  const fault =
    'Error: The access log could not be written: The disk is broken, UnknownError: The disk is broken'
  expect(outcome).toEqual({ closed: 1, faults: [fault] })
  expect(profile.errors).toEqual([])
})
