/**
 * What an object is by what is in it and cannot be faked, not by the class that stands under a global name: fake timers
 * replace `Date`, and other realms have classes of their own. Taken here, where nobody has replaced a method yet.
 */
/** The class of the dates that are kept and given, whatever stands under its name meanwhile. */
export const NativeDate: DateConstructor = Date
export const timeOf: () => number = Date.prototype.getTime
export const entriesOf: Map<unknown, unknown>['entries'] = Map.prototype.entries
export const elementsIn: Set<unknown>['values'] = Set.prototype.values
const mapHas = Map.prototype.has
const setHas = Set.prototype.has
const tagOf = Object.prototype.toString
const View = DataView

export type Brand = 'Date' | 'RegExp' | 'Map' | 'Set' | 'ArrayBuffer' | 'Error' | 'View'

/** The kind of built-in an object is, of whatever realm or class derived from it; `undefined` for all others. */
export function brandOf(source: object): Brand | undefined {
  if (ArrayBuffer.isView(source)) return 'View'
  const tag = nameOfKind(source)
  try {
    switch (tag) {
      // An own `Symbol.toStringTag` can say so too; then these throw.
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
    // It only says that it is one.
  }
  return undefined
}

/** What `Object.prototype.toString` calls it. */
export function nameOfKind(source: object): string {
  return tagOf.call(source).slice(8, -1)
}
