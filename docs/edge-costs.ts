/** Operations of each kind that Cloudflare bills. A delete in KV costs what a write there does, and is counted as one. */
export type Bill = readonly [
  kvReads: number,
  kvWrites: number,
  ownerCalls: number,
  rowsRead: number,
  rowsWritten: number,
]

/**
 * Dollars for a million of each, beyond what a plan includes.
 * https://developers.cloudflare.com/kv/platform/pricing/
 * https://developers.cloudflare.com/durable-objects/platform/pricing/
 */
export const PRICES: Bill = [0.5, 5, 0.15, 0.001, 1]

/** With `{ kv, shards }`, with `{ shards }` and with `{ kv }`; `null` where that refuses. */
export type Places = readonly [near: Bill, owners: Bill, alone: Bill | null]

/**
 * What one call makes Cloudflare bill. Measured by edge-costs.workerd.test.ts; shown in edge.md, which edge-costs.test.ts
 * compares.
 */
export const CALLS = {
  '`aget` `ahasKey` `attl`, `agetOrSet` that hits: a replica answers': [
    [1, 0, 0, 0, 0],
    [0, 0, 1, 1, 0],
    [1, 0, 0, 0, 0],
  ],
  'the same: no replica yet': [
    [1, 0, 1, 1, 1],
    [0, 0, 1, 1, 0],
    [1, 0, 0, 0, 0],
  ],
  'the same: again in this isolate, within `cacheTtl`': [
    [0, 0, 1, 1, 0],
    [0, 0, 1, 1, 0],
    [1, 0, 0, 0, 0],
  ],
  'the same: this isolate wrote the key, within `cacheTtl`': [
    [0, 0, 1, 1, 0],
    [0, 0, 1, 1, 0],
    [1, 0, 0, 0, 0],
  ],
  'the same: with `fresh`': [
    [0, 0, 1, 1, 0],
    [0, 0, 1, 1, 0],
    [1, 0, 0, 0, 0],
  ],
  '`aget` `ahasKey` `attl` of a number': [
    [1, 0, 1, 1, 0],
    [0, 0, 1, 1, 0],
    [1, 0, 0, 0, 0],
  ],
  '`aget` `ahasKey` `attl` of what is missing': [
    [1, 0, 1, 0, 0],
    [0, 0, 1, 0, 0],
    [1, 0, 0, 0, 0],
  ],
  '`aget` of a large value: a replica answers': [
    [2, 0, 0, 0, 0],
    [0, 0, 1, 1, 0],
    [1, 0, 0, 0, 0],
  ],
  '`aget` of a large value: with `fresh`': [
    [1, 0, 1, 1, 0],
    [0, 0, 1, 1, 0],
    [1, 0, 0, 0, 0],
  ],
  '`agetMany` of 100: replicas answer': [
    [100, 0, 0, 0, 0],
    [0, 0, 8, 100, 0],
    [100, 0, 0, 0, 0],
  ],
  '`agetMany` of 100: with `fresh`': [
    [0, 0, 8, 100, 0],
    [0, 0, 8, 100, 0],
    [100, 0, 0, 0, 0],
  ],
  '`agetOrSet` of a stale value, with a load in the background': [[1, 0, 2, 2, 1], [0, 0, 2, 2, 1], null],
  '`agetOrSet` that loads': [[1, 0, 2, 0, 1], [0, 0, 2, 0, 1], null],
  '`aset`': [
    [0, 0, 1, 0, 1],
    [0, 0, 1, 0, 1],
    [0, 1, 0, 0, 0],
  ],
  '`aset` of a key that has a replica': [
    [0, 0, 1, 1, 2],
    [0, 0, 1, 0, 1],
    [0, 1, 0, 0, 0],
  ],
  '`aset` with tags': [[0, 0, 1, 0, 1], [0, 0, 1, 0, 1], null],
  '`aset` of a large value': [
    [0, 1, 1, 0, 1],
    [0, 0, 1, 0, 1],
    [0, 1, 0, 0, 0],
  ],
  '`aset` of a large value, `timeout` beyond an hour': [
    [0, 1, 1, 0, 2],
    [0, 0, 1, 0, 1],
    [0, 1, 0, 0, 0],
  ],
  '`aset` of a large value, `timeout: null`': [
    [0, 1, 2, 0, 2],
    [0, 0, 1, 0, 1],
    [0, 1, 0, 0, 0],
  ],
  '`aadd`, `true`': [[0, 0, 1, 0, 1], [0, 0, 1, 0, 1], null],
  '`aadd`, `false`': [[0, 0, 1, 1, 0], [0, 0, 1, 1, 0], null],
  '`atouch`': [[0, 0, 1, 1, 1], [0, 0, 1, 1, 1], null],
  '`atouch` of a large value, beyond the life of its blob': [[1, 1, 2, 2, 2], [0, 0, 1, 1, 1], null],
  '`adelete`': [
    [0, 0, 1, 2, 1],
    [0, 0, 1, 2, 1],
    [1, 1, 0, 0, 0],
  ],
  '`adelete` of what is missing': [
    [0, 0, 1, 0, 0],
    [0, 0, 1, 0, 0],
    [1, 1, 0, 0, 0],
  ],
  '`apop`': [[0, 0, 1, 2, 1], [0, 0, 1, 2, 1], null],
  '`aincr` `adecr`': [[0, 0, 1, 1, 1], [0, 0, 1, 1, 1], null],
  '`aincr` `adecr` with `initial`: created': [[0, 0, 1, 0, 1], [0, 0, 1, 0, 1], null],
  '100 `aincr` of one key at once': [[0, 0, 1, 1, 1], [0, 0, 1, 1, 1], null],
  '`alock`, taken and released': [[0, 0, 2, 2, 2], [0, 0, 2, 2, 2], null],
  '`aincrVersion` `adecrVersion`': [[0, 0, 1, 2, 2], [0, 0, 1, 2, 2], null],
  '`akeys` of 100': [[0, 0, 8, 108, 0], [0, 0, 8, 108, 0], null],
  '`aentries` of 100': [[0, 0, 16, 208, 0], [0, 0, 16, 208, 0], null],
  '`asetMany` of 100': [
    [0, 0, 8, 0, 100],
    [0, 0, 8, 0, 100],
    [0, 100, 0, 0, 0],
  ],
  '`adeleteMany` of 100': [
    [0, 0, 8, 200, 100],
    [0, 0, 8, 200, 100],
    [100, 100, 0, 0, 0],
  ],
  '`aexpire`': [[0, 0, 1, 1, 1], [0, 0, 1, 1, 1], null],
  '`adeleteTags` `aexpireTags` of one tag, whatever the number of values': [
    [0, 0, 8, 0, 9],
    [0, 0, 8, 0, 8],
    null,
  ],
  '`aclear`': [[0, 0, 8, 0, 9], [0, 0, 8, 0, 8], null],
  '`aclear` without a `keyPrefix`': [[0, 0, 8, 64, 25], [0, 0, 8, 64, 24], null],
} as const satisfies Record<string, Places>

/** What an owner does by itself afterwards. Its alarm is billed as a call, and the setting of one as a row written. */
export const LATER = {
  'a replica is written, after a read found none': [0, 1, 1, 3, 3],
  'a replica is renewed, for all changes of about a second': [0, 1, 1, 3, 3],
  'a replica is removed, after its entry was': [0, 1, 1, 2, 3],
  'a clear, or an invalidated tag, is told to readers': [0, 1, 1, 1, 3],
  'a large value that was replaced is deleted from KV': [0, 1, 1, 16, 4],
  '100 expired entries are swept': [0, 0, 1, 408, 102],
  '100 entries of a cleared `keyPrefix` are swept': [0, 0, 1, 415, 103],
  '100 entries of a deleted tag are swept': [0, 0, 1, 213, 102],
} as const satisfies Record<string, Bill>

/** Dollars for a million of it, without the time that owners work. */
export function dollars(bill: Bill): number {
  return bill.reduce((sum, count, kind) => sum + count * (PRICES[kind] ?? 0), 0)
}
