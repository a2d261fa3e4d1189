// Data Integrity by Digital Bazaar's packages: one JSON command a line in, one JSON answer a line out.
//
//   {"op": "contexts", "contexts": {url: document}}
//   {"op": "key", "suite"}                                          a new key: {"publicKeyMultibase"}
//   {"op": "sign", "suite", "document", "key": publicKeyMultibase, "mandatory": [pointer]}
//   {"op": "derive", "suite", "document", "pointers"}
//   {"op": "verify", "suite", "document"}
//
// Every answer is {"ok": true, "result"} or {"ok": false, "error"}. Keys are did:key; nothing is fetched.
import { createInterface } from 'node:readline'
import * as bbs2023 from '@digitalbazaar/bbs-2023-cryptosuite'
import * as bls12381 from '@digitalbazaar/bls12-381-multikey'
import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import * as ecdsa from '@digitalbazaar/ecdsa-multikey'
import { cryptosuite as ecdsaRdfc2019 } from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite'
import * as ecdsaSd2023 from '@digitalbazaar/ecdsa-sd-2023-cryptosuite'
import * as ed25519 from '@digitalbazaar/ed25519-multikey'
import { cryptosuite as eddsaRdfc2022 } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite'
import jsigs from 'jsonld-signatures'

const { AssertionProofPurpose } = jsigs.purposes
const plain = (cryptosuite) => ({ sign: () => cryptosuite, verify: () => cryptosuite })
const selective = (suite) => ({
  sign: (mandatoryPointers) => suite.createSignCryptosuite({ mandatoryPointers }),
  derive: (selectivePointers) => suite.createDiscloseCryptosuite({ selectivePointers }),
  verify: () => suite.createVerifyCryptosuite(),
})
const suites = {
  'eddsa-rdfc-2022': { ...plain(eddsaRdfc2022), generate: (id) => ed25519.generate(id) },
  'ecdsa-rdfc-2019': { ...plain(ecdsaRdfc2019), generate: (id) => ecdsa.generate({ ...id, curve: 'P-256' }) },
  'ecdsa-sd-2023': { ...selective(ecdsaSd2023), generate: (id) => ecdsa.generate({ ...id, curve: 'P-256' }) },
  'bbs-2023': {
    ...selective(bbs2023),
    generate: (id) => bls12381.generateBbsKeyPair({ ...id, algorithm: bls12381.ALGORITHMS.BBS_BLS12381_SHA256 }),
  },
}
let contexts = {}
const keys = new Map()

async function documentLoader(url) {
  const found = (document) => ({ contextUrl: null, documentUrl: url, document })
  if (contexts[url]) return found(contexts[url])
  const [did, fragment] = url.split('#')
  if (!did.startsWith('did:key:')) throw new Error(`${url} is not known`)
  const encoded = did.slice('did:key:'.length)
  const method = {
    '@context': 'https://w3id.org/security/multikey/v1',
    id: `${did}#${encoded}`, type: 'Multikey', controller: did, publicKeyMultibase: encoded,
  }
  if (fragment) return found(method)
  return found({
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did, verificationMethod: [method], assertionMethod: [method.id],
  })
}

const purpose = () => new AssertionProofPurpose()
const operations = {
  contexts: async ({ contexts: given }) => {
    contexts = given
    return {}
  },
  key: async ({ suite }) => {
    const key = await suites[suite].generate({})
    key.id = `did:key:${key.publicKeyMultibase}#${key.publicKeyMultibase}`
    key.controller = `did:key:${key.publicKeyMultibase}`
    keys.set(key.publicKeyMultibase, key)
    return { publicKeyMultibase: key.publicKeyMultibase }
  },
  sign: async ({ suite, document, key, mandatory }) => {
    const signer = keys.get(key).signer()
    const made = new DataIntegrityProof({ signer, cryptosuite: suites[suite].sign(mandatory) })
    return jsigs.sign(document, { suite: made, purpose: purpose(), documentLoader })
  },
  derive: async ({ suite, document, pointers }) => {
    const made = new DataIntegrityProof({ cryptosuite: suites[suite].derive(pointers) })
    return jsigs.derive(document, { suite: made, purpose: purpose(), documentLoader })
  },
  verify: async ({ suite, document }) => {
    const made = new DataIntegrityProof({ cryptosuite: suites[suite].verify() })
    const { verified, error } = await jsigs.verify(document, { suite: made, purpose: purpose(), documentLoader })
    return { verified, reason: verified ? null : String(error?.errors?.[0] ?? error) }
  },
}

console.log(JSON.stringify({ ok: true, result: { ready: true } }))
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  try {
    console.log(JSON.stringify({ ok: true, result: await operations[command.op](command) }))
  } catch (error) {
    console.log(JSON.stringify({ ok: false, error: String(error?.stack ?? error) }))
  }
}
