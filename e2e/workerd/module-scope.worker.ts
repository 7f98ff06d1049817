import { CacheShard } from '../../src/adapters/kv/cache-shard.ts'
import { memoryAdapter } from '../../src/adapters/memory/index.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import { createCache } from '../../src/core/create-cache.ts'

export { CacheShard }

/** A cache whose adapter reads like this. */
function reading(read: Adapter['read'], operationTimeout?: number) {
  const { name, supports, commit, clear, close } = memoryAdapter()
  return createCache({ adapter: { name, supports, read, commit, clear, close }, operationTimeout })
}

const tell = (call: Promise<unknown>): Promise<unknown> => call.catch(String)

// At module scope, where no timer can be set.
const answered = tell(reading(async () => [{ value: 'answered', expiresAt: null }]).aget('key'))
const failing = tell(
  reading(async () => {
    crypto.getRandomValues(new Uint8Array(1))
    return []
  }).aget('key'),
)

export default {
  async fetch(): Promise<Response> {
    const hanging = tell(reading(() => new Promise(() => {}), 0.1).aget('key'))
    return Response.json({ answered: await answered, failing: await failing, hanging: await hanging })
  },
}
