import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Adapter, ClaimReply } from '../../core/adapter.ts'
import { CacheError } from '../../core/errors.ts'
import { memoryAdapter } from '../memory/index.ts'
import { indexedDBAdapter, withFallback } from './index.ts'
import { LoadClaims } from './load-claims.ts'

afterEach(() => vi.unstubAllGlobals())

const NOW = 1_800_000_000_000
const OK = { ok: true }
const SUPERSEDED = { ok: false, reason: 'superseded' }

const open = () => indexedDBAdapter({ name: crypto.randomUUID(), whenIdle: () => {} })
const claim = (adapter: Pick<Adapter, 'claim'>, token: number, wait = false) =>
  adapter.claim?.('k', NOW, { token, milliseconds: 30_000, wait })
const fill = async (adapter: Adapter, token: number) =>
  (
    await adapter.commit(
      [{ key: 'k', op: { kind: 'fill', token, entry: { value: token, expiresAt: null } } }],
      NOW,
    )
  )[0]

describe('without Web Locks', () => {
  it.each([
    ['no navigator', undefined],
    ['an insecure context', {}],
  ])('nobody waits, and the last one that claims may store its value: %s', async (_, navigator) => {
    vi.stubGlobal('navigator', navigator)
    const adapter = open()
    expect(await claim(adapter, 1, true)).toEqual({ isGranted: true })
    expect(await claim(adapter, 2, true)).toEqual({ isGranted: true })
    expect(await fill(adapter, 1)).toEqual(SUPERSEDED)
    expect(await fill(adapter, 2)).toEqual(OK)
    expect(await claim(adapter, 3, true)).toEqual({
      isGranted: false,
      entry: { value: 2, expiresAt: null },
    })
  })
})

describe('a claim', () => {
  it('fails if the lock cannot be requested', async () => {
    const request = () => Promise.reject(new DOMException('no locks here', 'SecurityError'))
    vi.stubGlobal('navigator', { locks: { request } })
    await expect(claim(open(), 1, true)).rejects.toThrow('no locks here')
  })

  it('is granted without the right to store if the storage is full, and says so', async () => {
    const full = new CacheError('QUOTA_EXCEEDED', 'the storage is full')
    const reports: unknown[] = []
    const place = { read: async () => [], commit: () => Promise.reject(full) }
    const claims = new LoadClaims(crypto.randomUUID(), place, (_, cause) => reports.push(cause))
    const request = { token: 1, milliseconds: 30_000, wait: true }
    const reply: ClaimReply = await claims.claim('k', NOW, request)
    expect(reply.isGranted).toBe(true)
    if (reply.isGranted) reply.release?.()
    expect(reports).toEqual([full])
    const broken = { ...place, commit: () => Promise.reject(new Error('broken')) }
    const failing = new LoadClaims(crypto.randomUUID(), broken, () => {})
    await expect(failing.claim('k', NOW, request)).rejects.toThrow('broken')
    // The lock was released: a second attempt does not wait.
    await expect(failing.claim('k', NOW, request)).rejects.toThrow('broken')
  })

  it('whose holder takes longer than the claim lasts does not keep others waiting', async () => {
    const adapter = open()
    const request = { token: 1, milliseconds: 200, wait: true }
    expect((await adapter.claim?.('k', NOW, request))?.isGranted).toBe(true)
    expect(await adapter.claim?.('k', NOW, { ...request, token: 2 })).toEqual({ isGranted: true })
    expect(await fill(adapter, 1)).toEqual(SUPERSEDED)
    expect(await fill(adapter, 2)).toEqual(OK)
  })
})

describe('on a fallback', () => {
  it.each(['memory', 'an adapter without claims'])('claims and tags work: %s', async (kind) => {
    vi.stubGlobal('indexedDB', undefined)
    const { claim: _, ...withoutClaim } = memoryAdapter() as Adapter
    const fallback = kind === 'memory' ? memoryAdapter() : withoutClaim
    const adapter = withFallback(open(), () => fallback, { onFault: () => {} })
    expect(await claim(adapter, 1)).toMatchObject({ isGranted: true })
    expect(await fill(adapter, 1)).toEqual(OK)
    expect(await claim(adapter, 2)).toMatchObject({ isGranted: false, entry: { value: 1 } })
    const entry = { value: 1, expiresAt: null, metadata: { storedAt: NOW, tags: [':t'] } }
    await adapter.commit([{ key: 'tagged', op: { kind: 'set', entry } }], NOW)
    await adapter.deleteTags?.([':t'], NOW, 'delete')
    expect(await adapter.read(['tagged'], NOW, 'value')).toEqual([undefined])
  })

  it('without tags, deleteTags says so', async () => {
    vi.stubGlobal('indexedDB', undefined)
    const { deleteTags: _, ...without } = memoryAdapter()
    const adapter = withFallback(open(), () => without as Adapter, { onFault: () => {} })
    await expect(adapter.deleteTags?.([':t'], NOW, 'delete')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})
