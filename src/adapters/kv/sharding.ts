import { withoutVersion } from '../../core/keys.ts'

/** Part of the objects' names, so that an owner never opens tables of another layout. */
const LAYOUT = 'v1'

/** The name of the Durable Object that is a shard of a cache. */
export function objectName(cacheName: string, shardCount: number, shard: number): string {
  return `${cacheName}/${LAYOUT}/${shardCount}/${shard}`
}

/** The shard that owns a key. All versions of a key have the same owner, so that a move between them is atomic. */
export function shardOf(key: string, shardCount: number): number {
  return fnv1a(withoutVersion(key)) % shardCount
}

/**
 * FNV-1a, 32 bit, over UTF-16 units. It must never change, because it decides where an entry is stored.
 * http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function fnv1a(text: string): number {
  let state = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  }
  return state >>> 0
}
