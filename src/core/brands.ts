/**
 * Identifies built-in objects by their internal slots, which cannot be faked. The class under a global name
 * is not reliable: fake timers replace `Date`, and other realms have their own classes. The methods are saved
 * when this module loads, before anything can replace them.
 */
/** The original `Date`, even if something else replaces the global later. */
export const NativeDate: DateConstructor = Date
export const timeOf: () => number = Date.prototype.getTime
export const entriesOf: Map<unknown, unknown>['entries'] = Map.prototype.entries
export const elementsIn: Set<unknown>['values'] = Set.prototype.values
const mapHas = Map.prototype.has
const setHas = Set.prototype.has
const tagOf = Object.prototype.toString
const View = DataView

export type Brand = 'Date' | 'RegExp' | 'Map' | 'Set' | 'ArrayBuffer' | 'Error' | 'View'

/** The type of a built-in object of any realm, including subclasses; `undefined` for all other objects. */
export function brandOf(source: object): Brand | undefined {
  if (ArrayBuffer.isView(source)) return 'View'
  const tag = nameOfKind(source)
  try {
    switch (tag) {
      // An own `Symbol.toStringTag` can claim the same. Then these calls throw.
      case 'Date':
        timeOf.call(source as Date)
        return tag
      case 'Map':
        mapHas.call(source as Map<unknown, unknown>, 0)
        return tag
      case 'Set':
        setHas.call(source as Set<unknown>, 0)
        return tag
      case 'ArrayBuffer':
        new View(source as ArrayBuffer, 0, 0)
        return tag
      case 'RegExp':
      case 'Error':
        return Symbol.toStringTag in source ? undefined : tag
    }
  } catch {
    // The object has the tag but not the internal slots.
  }
  return undefined
}

/** The tag that `Object.prototype.toString` shows. */
export function nameOfKind(source: object): string {
  return tagOf.call(source).slice(8, -1)
}
