/**
 * The symbols of `await using` and `using`. Safari has none yet; compilers that rewrite `using` for it look for these.
 * https://github.com/tc39/proposal-explicit-resource-management
 */
export const ASYNC_DISPOSE: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? /* @__PURE__ */ Symbol.for('Symbol.asyncDispose')
export const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? /* @__PURE__ */ Symbol.for('Symbol.dispose')
