import { expectTypeOf, it } from 'vitest'

it('checks types', () => {
  expectTypeOf<string>().toEqualTypeOf<string>()
})
