// All pages that have an address of their own, with a config `shop` whose key `/db/url` was changed.

export async function addresses(product) {
  const { changes } = await product.json(['history', 'shop', 'db/url'])
  const [now, before] = changes.map(({ revision }) => revision)
  return {
    Keys: '/c/shop',
    'Keys, flat': '/c/shop?view=flat',
    'Keys, none found': '/c/shop?q=no-such-key',
    'Keys, with a TTL': '/c/shop?ttl=on',
    Key: '/c/shop/key/db/url',
    'Key, secret': '/c/shop/key/db/password',
    'Key, bytes': '/c/shop/key/bin/logo',
    'Key, not found': '/c/shop/key/no/such',
    Edit: '/c/shop/edit/db/url',
    New: '/c/shop/new',
    Delete: '/c/shop/delete/db/url',
    'Roll back': `/c/shop/rollback/db/url?to=${before}`,
    Timeline: '/c/shop/timeline',
    Compare: `/c/shop/compare?section=/db&from=${before}&to=${now}`,
    Access: '/c/shop/access',
    Grid: '/grid?side=shop/app&side=shop/db',
    'Grid of all': '/grid',
    'Grid of one': '/grid?side=shop',
    'No such page': '/no/such/page',
    'No such config': '/c/none',
  }
}
