type Child = Node | string

/** Makes an element: its properties are set, its children appended. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]>,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = Object.assign(document.createElement(name), properties)
  element.append(...children)
  return element
}

/** An element of index.html: it is there, or the page is broken. */
export function find<E extends Element>(selector: string, kind: abstract new (...args: never[]) => E): E {
  const element = document.querySelector(selector)
  if (!(element instanceof kind)) throw new Error(`index.html has no ${kind.name} at ${selector}`)
  return element
}

/** A country's flag, or its code until there is a network to get the flag from. */
export function flag(code: string, pause = 500): HTMLElement {
  const image = make('img', {
    className: 'flag',
    // Before `src`, or the image is loaded at once.
    loading: 'lazy',
    src: `/flags/${code.toLowerCase()}.svg`,
    alt: '',
    width: 48,
    height: 32,
  })
  image.addEventListener('error', () => {
    const stand = make('span', { className: 'flag missing' }, code)
    stand.ariaHidden = 'true'
    image.replaceWith(stand)
    const again = () => stand.replaceWith(flag(code, 2 * pause))
    // What failed offline may be told of once online, and the first to ask then may be too early.
    if (navigator.onLine) setTimeout(again, pause)
    else addEventListener('online', again, { once: true })
  })
  return image
}
