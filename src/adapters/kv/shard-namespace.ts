import type {
  ClaimLoadReply,
  ClaimLoadRequest,
  ClearReply,
  ClearRequest,
  CommitReply,
  CommitRequest,
  DeleteTagsReply,
  DeleteTagsRequest,
  ListKeysReply,
  ListKeysRequest,
  ReadReply,
  ReadRequest,
  RenewReply,
  RenewRequest,
  ReserveReply,
  ReserveRequest,
} from './protocol.ts'

/** A Durable Object namespace bound to `CacheShard`, or a double of it in tests. */
export interface CacheShardNamespace {
  /** The ID distinguishes these objects from those of other namespaces. It is part of their KV keys. */
  idFromName(name: string): { toString(): string }
  getByName(name: string, options?: { locationHint?: LocationHint }): CacheShardStub
}

/**
 * A Durable Object namespace whose type does not name its class. `wrangler types` writes `DurableObjectNamespace` for a class
 * that another Worker exports (`script_name`, Pages Functions).
 */
export interface AnyDurableObjectNamespace {
  idFromName(name: string): { toString(): string }
  /** `never`, because the type of an ID differs between the platform's several declarations. */
  get(id: never, options?: { locationHint?: LocationHint }): object
}

/** https://developers.cloudflare.com/durable-objects/reference/data-location/#provide-a-location-hint */
export type LocationHint =
  | 'wnam'
  | 'enam'
  | 'sam'
  | 'weur'
  | 'eeur'
  | 'apac'
  | 'apac-ne'
  | 'apac-se'
  | 'oc'
  | 'afr'
  | 'me'

export interface CacheShardStub {
  read(request: ReadRequest): Promise<ReadReply>
  commit(request: CommitRequest): Promise<CommitReply>
  clear(request: ClearRequest): Promise<ClearReply>
  reserve(request: ReserveRequest): Promise<ReserveReply>
  claim(request: ClaimLoadRequest): Promise<ClaimLoadReply>
  renew(request: RenewRequest): Promise<RenewReply>
  deleteTags(request: DeleteTagsRequest): Promise<DeleteTagsReply>
  listKeys(request: ListKeysRequest): Promise<ListKeysReply>
}

/** The stub of the object of this name. */
export function stubOf(
  shards: CacheShardNamespace | AnyDurableObjectNamespace,
  name: string,
  locationHint: LocationHint | undefined,
): CacheShardStub {
  const options = locationHint === undefined ? [] : ([{ locationHint }] as const)
  // Runtimes before August 2025 have no getByName.
  const stub =
    'getByName' in shards
      ? shards.getByName(name, ...options)
      : shards.get(shards.idFromName(name) as never, ...options)
  return stub as CacheShardStub
}
