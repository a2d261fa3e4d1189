// One Credo agent on a SQLite store of its own, a record of what it sends, and how its failures read.
//
// The binding comes first: Node links its CommonJS export when the first ES module asks for it, and @credo-ts/askar
// asking before it is filled would keep `undefined`.
import { askar } from '@openwallet-foundation/askar-nodejs'
import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { AskarModule } from '@credo-ts/askar'
import { Agent, ConsoleLogger, Kms, LogLevel, X509Module } from '@credo-ts/core'
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

function fileSystem(folder) {
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
export async function openAgent(store, logLevel) {
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
      openid4vc: new OpenId4VcModule(),
    },
  })
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
