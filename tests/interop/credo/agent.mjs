// One Credo agent on a SQLite store of its own, a record of what it sends, and how its failures read.
//
// The binding comes first: Node links its CommonJS export when the first ES module asks for it, and @credo-ts/askar
// asking before it is filled would keep `undefined`.
import { askar } from '@openwallet-foundation/askar-nodejs'
import { EventEmitter } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { AskarModule } from '@credo-ts/askar'
import {
  Agent, ConsoleLogger, Kms, LogLevel, W3cCredentialService, W3cCredentialsModule, W3cCredentialsModuleConfig, X509Module,
} from '@credo-ts/core'
import { OpenId4VcModule } from '@credo-ts/openid4vc'

const textual = /json|jwt|text|urlencoded/

/** A fetch that appends each exchange to `exchanges`, bodies included, so that a test can replay it. */
function recording(exchanges) {
  return async (input, init = {}) => {
    const response = await fetch(input, init)
    const type = response.headers.get('content-type') ?? ''
    exchanges.push({
      method: init.method ?? 'GET',
      url: String(input.url ?? input),
      content_type: new Headers(init.headers).get('content-type'),
      body: init.body === undefined ? null : String(init.body),
      status: response.status,
      answer: textual.test(type) ? await response.clone().text() : null,
    })
    return response
  }
}

const suite2020 = 'https://w3id.org/security/suites/ed25519-2020/v1'

/**
 * Credo's loader, after the contexts of a folder with an index: it would fetch what it does not bring. Its own did:key
 * documents know the suite of 2018 alone, and its suite of 2020 wants keys that are called so.
 */
export function loaderWith(folder) {
  const index = folder ? JSON.parse(readFileSync(join(folder, 'index.json'))) : []
  const files = new Map(index.map(({ url, file }) => [url, file]))
  const found = (url, document) => ({ contextUrl: null, documentUrl: url, document })
  return (context) => {
    const fallback = new W3cCredentialsModuleConfig().documentLoader(context)
    return async (url) => {
      if (files.has(url)) return found(url, JSON.parse(readFileSync(join(folder, files.get(url)))))
      const [controller, publicKeyMultibase] = url.split('#')
      if (!publicKeyMultibase || !url.startsWith('did:key:z6Mk')) return fallback(url)
      return found(url, { '@context': [suite2020], id: url, type: 'Ed25519VerificationKey2020', controller, publicKeyMultibase })
    }
  }
}

/** Credo builds ldp presentations without an id, and its JSON-LD library refuses `"id": undefined`: each gets one. */
export function nameLdpPresentations(agent) {
  const service = agent.dependencyManager.resolve(W3cCredentialService)
  const sign = service.signPresentation.bind(service)
  service.signPresentation = (context, options) => {
    options.presentation.id ??= `urn:uuid:${randomUUID()}`
    return sign(context, options)
  }
}

export function fileSystem(folder) {
  return class {
    dataPath = folder
    cachePath = folder
    tempPath = folder
    exists = async (path) => existsSync(path)
    createDirectory = (path) => mkdir(dirname(path), { recursive: true })
  }
}

class NoWebSocket {
  constructor() {
    throw new Error('this wallet speaks HTTP only')
  }
}

/** The agent, and the list its exchanges are recorded in. Plain http is allowed: the servers under test are on loopback. */
export async function openAgent(store, logLevel, contexts, openid4vc = new OpenId4VcModule()) {
  const folder = resolve(store)
  const exchanges = []
  const agent = new Agent({
    config: {
      allowInsecureHttpUrls: true,
      autoUpdateStorageOnStartup: true,
      logger: new ConsoleLogger(LogLevel[logLevel] ?? LogLevel.off),
    },
    dependencies: {
      FileSystem: fileSystem(folder),
      EventEmitterClass: EventEmitter,
      WebSocketClass: NoWebSocket,
      fetch: recording(exchanges),
    },
    modules: {
      askar: new AskarModule({
        askar,
        store: {
          id: 'wallet',
          // A fixed key: the store holds test credentials only and is deleted with its folder.
          key: askar.storeGenerateRawKey({ seed: new Uint8Array(32).fill(1) }),
          keyDerivationMethod: 'raw',
          database: { type: 'sqlite', config: { path: join(folder, 'wallet.sqlite') } },
        },
      }),
      x509: new X509Module(),
      w3cCredentials: new W3cCredentialsModule({ documentLoader: loaderWith(contexts) }),
      openid4vc,
    },
  })
  nameLdpPresentations(agent)
  await agent.initialize()
  return { agent, exchanges }
}

/** The key called `keyId`, made on first use. */
export async function namedKey(agent, keyId) {
  const known = await agent.kms.getPublicKey({ keyId }).catch(() => undefined)
  const jwk = known ?? (await agent.kms.createKey({ keyId, type: { kty: 'EC', crv: 'P-256' } })).publicJwk
  const key = Kms.PublicJwk.fromPublicJwk(jwk)
  key.keyId = keyId
  return key
}

/** The PEM certificates in a text. */
export const certificates = (pem) => pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []

/** An error with its causes and the OAuth answer that the library attached, fit for JSON. */
export function explain(error, depth = 0) {
  if (!error || depth > 4) return undefined
  return {
    name: error.name,
    message: String(error.message).slice(0, 600),
    ...(error.errorResponse && { answer: error.errorResponse }),
    ...(error.cause && { cause: explain(error.cause, depth + 1) }),
  }
}
