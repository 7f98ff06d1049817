/**
 * The symbols of `await using` and `using`. Safari does not have them yet. Compilers that transform `using`
 * fall back to these. https://github.com/tc39/proposal-explicit-resource-management
 */
export const ASYNC_DISPOSE: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? /* @__PURE__ */ Symbol.for('Symbol.asyncDispose')
export const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? /* @__PURE__ */ Symbol.for('Symbol.dispose')
