import { fnv1a, objectName } from './sharding.ts'

/** The part of a Durable Object namespace that distinguishes it from others. */
export interface NamespaceIds {
  /** Computed from the name and the namespace, without a call. */
  idFromName(name: string): { toString(): string }
}

/** The prefixes of a cache's KV keys. */
export interface KVNames {
  readonly replicas: string
  /** The whole key under which clears are announced. */
  readonly clears: string
  readonly blobs: string
}

/**
 * Names that differ for each Durable Object namespace, because staging and production may share a KV namespace, and a class may have
 * been deleted and created again: replicas of other objects must not be read.
 */
export function kvNamesOf(shards: NamespaceIds, name: string, shardCount: number): KVNames {
  // The ID of the first object differs by namespace, cache and shard count.
  const id = shards.idFromName(objectName(name, shardCount, 0)).toString()
  const owners = `${shardCount}-${shortened(id)}`
  const base = kvBaseOf(name)
  return {
    replicas: `${base}/${owners}/`,
    clears: `${base}/clears/${owners}`,
    blobs: `${base}/blobs/${owners}/`,
  }
}

/** Percent-encoded, so that no cache's prefix begins with another's. */
export function kvBaseOf(name: string): string {
  return `${encodeURIComponent(name)}/v1`
}

/** 64 bits distinguish namespaces, and leave more of KV's 512 bytes to user keys than the 64 digits of an ID. */
function shortened(id: string): string {
  const first = fnv1a(id)
  return [first, fnv1a(first + id)].map((part) => part.toString(36).padStart(7, '0')).join('')
}
