import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import { createCache } from './create-cache.ts'

describe('what createCache() and its methods say of what they cannot take', () => {
  it.each([
    { given: 'the adapter itself', options: memoryAdapter() },
    { given: 'a factory that was not called', options: { adapter: memoryAdapter } },
    { given: 'no adapter', options: {} },
  ])('names what is missing: $given', ({ options }) => {
    expect(() => createCache(options as never)).toThrow('{ adapter: memoryAdapter() }')
  })

  it('says what stands where options should', () => {
    const cache = createCache({ adapter: memoryAdapter() })
    expect(() => createCache(undefined as never)).toThrow('got undefined')
    expect(() => cache.get('key', 'fallback' as never)).toThrow('(version, fresh, default): got string')
    expect(() => cache.set('key', 1, new Date() as never)).toThrow('got Date')
    expect(() => cache.lock('key', 30 as never)).toThrow('got number')
    expect(() => cache.get('key', null as never)).toThrow('got null')
  })

  it('says of which type a limit is', () => {
    expect(() => memoryAdapter({ maxEntries: '100' as never })).toThrow(
      'maxEntries must be an integer: got string',
    )
    expect(() => memoryAdapter({ maxBytes: 1.5 })).toThrow('maxBytes must be an integer: got 1.5')
  })
})
