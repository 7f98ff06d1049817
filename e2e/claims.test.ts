import type { Page } from 'playwright'
import { expect, it } from 'vitest'
import { openTabs } from './browser/open-tabs.ts'

const open = (count: number) => openTabs(count, { script: 'claims-tab.ts' })

/** Claims, waits if another tab has the claim, and counts those who hold it at the same time. */
function claimInTurn(tab: Page, token: number): Promise<{ isGranted: boolean; value: unknown }> {
  return tab.evaluate(async (token) => {
    const reply = await claims.claim('k', token, true)
    if (!reply.isGranted) return { isGranted: false, value: reply.entry?.value }
    const inside = await claims.adapter.commit(
      [{ key: 'inside', op: { kind: 'add', entry: { value: token, expiresAt: null } } }],
      Date.now(),
    )
    if (!inside[0]?.ok) throw new Error('two tabs hold the claim at once')
    await claims.adapter.commit([{ key: 'inside', op: { kind: 'delete' } }], Date.now())
    await claims.end({ key: 'k', op: { kind: 'unclaim', token } }, token)
    return { isGranted: true, value: undefined }
  }, token)
}

it('grants a claim to one of four tabs at a time, and to each in turn if none stores a value', async () => {
  await using browser = await open(4)
  const replies = await Promise.all(browser.tabs.map((tab, index) => claimInTurn(tab, index + 1)))
  expect(replies.map(({ isGranted }) => isGranted)).toEqual([true, true, true, true])
})

it('gives the value of the one that loads to the three others', async () => {
  await using browser = await open(4)
  const replies = await Promise.all(
    browser.tabs.map((tab, index) =>
      tab.evaluate(async (token) => {
        const reply = await claims.claim('k', token, true)
        if (!reply.isGranted) return reply.entry?.value
        return (await claims.fill('k', token, 'loaded'))?.ok ? 'stored' : 'refused'
      }, index + 1),
    ),
  )
  expect(replies.sort()).toEqual(['loaded', 'loaded', 'loaded', 'stored'])
})

it('grants the claim of a tab that is closed to the next one, whose value is stored', async () => {
  await using browser = await open(2)
  const [first, second] = browser.tabs as [Page, Page]
  expect(await first.evaluate(() => claims.claim('k', 1, true))).toEqual({ isGranted: true })
  expect(await second.evaluate(() => claims.claim('k', 2, false))).toEqual({ isGranted: false })
  const waiting = second.evaluate(() => claims.claim('k', 3, true))
  await first.close()
  expect(await waiting).toEqual({ isGranted: true })
  expect(await second.evaluate(() => claims.fill('k', 3, 'v'))).toEqual({ ok: true })
})

it.each([
  [
    'set',
    'new',
    () =>
      claims.adapter.commit([{ key: 'k', op: { kind: 'set', entry: { value: 'new', expiresAt: null } } }], 0),
  ],
  ['delete', undefined, () => claims.adapter.commit([{ key: 'k', op: { kind: 'delete' } }], 0)],
  ['clear', undefined, () => claims.adapter.clear('')],
  ['deleteTags', undefined, () => claims.adapter.deleteTags?.(['tag'], 0, 'delete')],
  ['deleteTags that only expires', undefined, () => claims.adapter.deleteTags?.(['tag'], 0, 'expire')],
] as const)('refuses what was loaded before another tab’s %s', async (_, left, change) => {
  await using browser = await open(2)
  const [first, second] = browser.tabs as [Page, Page]
  expect(await first.evaluate(() => claims.claim('k', 1, true))).toEqual({ isGranted: true })
  await second.evaluate(change as () => Promise<void>)
  expect(await first.evaluate(() => claims.fill('k', 1, 'old', ['tag']))).toEqual({
    ok: false,
    reason: 'superseded',
  })
  const [entry] = await second.evaluate(() => claims.adapter.read(['k'], 0, 'value'))
  expect(entry?.value).toBe(left)
})

it('does not let close wait for other tabs', async () => {
  await using browser = await open(2)
  const [first, second] = browser.tabs as [Page, Page]
  await first.evaluate(() => claims.claim('k', 1, true))
  const waiting = second.evaluate(async () => {
    const waited = claims.claim('k', 2, true)
    // Both locks of one tab are asked for in order, so the first is waited for when the second is there.
    await claims.claim('other', 3, true)
    await claims.adapter.close()
    return waited
  })
  expect(await waiting).toEqual({ isGranted: false })
  await first.evaluate(() => claims.adapter.close())
  expect(await first.evaluate(() => claims.fill('k', 1, 'v'))).toEqual({ ok: true })
})

it('announces what is stored and which tags are invalidated, and no claims', async () => {
  await using browser = await open(2)
  const [first, second] = browser.tabs as [Page, Page]
  await first.evaluate(async () => {
    await claims.claim('k', 1, true)
    await claims.end({ key: 'k', op: { kind: 'unclaim', token: 1 } }, 1)
    await claims.claim('k', 2, true)
    await claims.fill('k', 2, 'v', ['tag'])
    await claims.adapter.deleteTags?.(['tag'], Date.now(), 'delete')
  })
  await expect
    .poll(() => second.evaluate(() => claims.heard))
    .toEqual([
      { kind: 'changed', keys: ['k'] },
      { kind: 'invalidated', tags: ['tag'] },
    ])
})
