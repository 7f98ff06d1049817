import { fnv1a, objectName } from './sharding.ts'

/** The part of a Durable Object namespace that tells it from others. */
export interface NamespaceIds {
  /** Computed from the name and the namespace, without asking anybody. */
  idFromName(name: string): { toString(): string }
}

/** What the KV keys of a cache begin with. */
export interface KVNames {
  readonly copies: string
  /** The whole key under which clears are announced. */
  readonly clears: string
  readonly blobs: string
}

/**
 * Names that no other objects share. The class may have been deleted and created again, and staging and production may use one KV
 * namespace: what the objects of another namespace wrote must not be taken for an answer.
 */
export function kvNamesOf(shards: NamespaceIds, name: string, shardCount: number): KVNames {
  // The first object stands for all: its ID differs by namespace, by cache and by shard count.
  const id = shards.idFromName(objectName(name, shardCount, 0)).toString()
  const owners = `${shardCount}-${shortened(id)}`
  const base = kvBaseOf(name)
  return {
    copies: `${base}/${owners}/`,
    clears: `${base}/clears/${owners}`,
    blobs: `${base}/blobs/${owners}/`,
  }
}

/** The name is percent-encoded, so that no cache's keys begin with another's. */
export function kvBaseOf(name: string): string {
  return `${encodeURIComponent(name)}/v1`
}

/** 64 bits are enough to tell namespaces apart, and leave more of KV's 512 bytes to the user's keys than the 64 digits of an ID. */
function shortened(id: string): string {
  const first = fnv1a(id)
  return [first, fnv1a(first + id)].map((part) => part.toString(36).padStart(7, '0')).join('')
}
