import { blake3 } from '@noble/hashes/blake3.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { defaultKeyFunction, type KeyFunction, MAX_KEY_LENGTH, UNSAFE_CHARACTERS } from '../core/keys.ts'

/**
 * A key function for keys of any length and any text. A key that is too long for some caches (more than 250
 * bytes with its prefix and version), or that has a space or control character, is replaced by `#` and 128
 * bits of its BLAKE3 hash.
 *
 * All other keys stay readable. Final keys stay distinct: a key that starts with `#` is hashed too. As with
 * every custom key function, `aincrVersion` at the edge is atomic only if both versions have the same owner.
 * https://github.com/BLAKE3-team/BLAKE3
 * @example
 * ```ts
 * import { createCache } from 'nearcache'
 * import { hashedKey } from 'nearcache/hashed-key'
 * import { memoryAdapter } from 'nearcache/memory'
 *
 * const cache = createCache({ adapter: memoryAdapter(), keyFunction: hashedKey, keys: 'strict' })
 * const query = `search for ${'a very long text '.repeat(100)}`
 * await cache.aset(query, ['result'])
 * await cache.aget(query) // ['result']
 * hashedKey('user:1', 'app', 1) // 'app:1:user:1'
 * hashedKey('a b', 'app', 1) // 'app:1:#c95e5a48e784bd89e908893ff0a228fc'
 * ```
 */
export const hashedKey: KeyFunction = (key, keyPrefix, version) => {
  const finalKey = defaultKeyFunction(key, keyPrefix, version)
  if (!key.startsWith('#') && isShort(finalKey) && !UNSAFE_CHARACTERS.test(key)) return finalKey
  return defaultKeyFunction(`#${bytesToHex(blake3(utf8ToBytes(key), { dkLen: 16 }))}`, keyPrefix, version)
}

function isShort(text: string): boolean {
  // A character takes at least one byte, so most keys need no encoding.
  return (
    text.length * 3 <= MAX_KEY_LENGTH ||
    (text.length <= MAX_KEY_LENGTH && utf8ToBytes(text).length <= MAX_KEY_LENGTH)
  )
}
