import { ahead, BASELINE, type Bytes, type Column, figure, type Results } from './table.ts'

/** What the design says "fast" means, and whether it is so. */
export interface Bar {
  readonly what: string
  /** `undefined`: not all that it takes was measured. */
  readonly holds: boolean | undefined
  readonly figures: string
}

const SHARED = ['nearcache/shared/300', 'nearcache/shared/null']
const COPIED = ['nearcache/copied/300', 'nearcache/copied/null']
const RIVALS = ['lru-cache/ttl', 'quick-lru/ttl', 'tiny-lru/ttl', 'toad-cache/ttl', 'node-cache/ttl']
const [MINE = ''] = SHARED

export function bars({ sync, async, bytes }: Results): Bar[] {
  const at10k = (columns: readonly Column[], name: string) =>
    columns.find((column) => column.name === name && column.keys === 10_000)
  return [
    ...['get', 'set', 'incr'].map((name) => rivalsBar(name, at10k(sync, name))),
    floorBar('async get, numbers', 0.6, at10k(async, 'get number'), [...SHARED, ...COPIED]),
    floorBar('async get, shared objects', 0.6, at10k(async, 'get'), SHARED),
    floorBar('async get, copied objects', 0.3, at10k(async, 'get'), COPIED),
    floorBar('async getOrSet hit, shared objects', 0.5, at10k(async, 'getOrSet hit'), SHARED),
    ...SHARED.map((id) => bytesBar(id, bytes)),
  ]
}

function rivalsBar(name: string, column: Column | undefined): Bar {
  const leads = RIVALS.map((id) => [id, ahead(column, MINE, id)] as const)
  const mine = ahead(column, MINE)
  return {
    what: `sync ${name} with a timeout, 10k keys: ahead of every peer with a TTL per entry`,
    holds: all(leads.map(([, lead]) => lead && lead > 1)),
    figures: [
      `${shown(mine)} of a Map`,
      ...leads.map(([id, lead]) => `${shown(lead)} × ${id.replace('/ttl', '')}`),
    ].join(', '),
  }
}

function floorBar(what: string, least: number, column: Column | undefined, ids: readonly string[]): Bar {
  const floors = ids.map((id) => ahead(column, id))
  return {
    what: `${what}, 10k keys: at least ${least} of the same on an async Map`,
    holds: all(floors.map((floor) => floor && floor >= least)),
    figures: ids.map((id, index) => `${shown(floors[index])} ${id.replace('nearcache/', '')}`).join(', '),
  }
}

/** 200 bytes where a Map takes 157: what counts is the 43 of ours, since the rest changes with Node. */
function bytesBar(id: string, bytes: Bytes): Bar {
  const mine = bytes[id]
  const map = bytes[BASELINE]
  const more = mine === undefined || map === undefined ? undefined : mine - map
  return {
    what: `memory, ${id.replace('nearcache/', '')}: at most 43 B per entry more than a Map`,
    holds: all([more && more <= 43]),
    figures:
      more === undefined
        ? '–'
        : `${mine?.toFixed(0)} B, a Map ${map?.toFixed(0)} B: ${more.toFixed(0)} B more`,
  }
}

function all(verdicts: readonly (boolean | 0 | undefined)[]): boolean | undefined {
  return verdicts.includes(undefined) ? undefined : verdicts.every(Boolean)
}

function shown(ratio: number | undefined): string {
  return ratio === undefined ? '–' : figure(ratio)
}
