// Issues, presents and verifies mobile documents with @auth0/mdl, one JSON object a line.
//
//   {"act": "verify", "response", "transcript": base64, "roots": [PEM]}
//   {"act": "present", "claims", "doctype", "namespace", "certificate": PEM, "issuer": JWK, "device": JWK, "elements", "transcript"}
import { createInterface } from 'node:readline'
import mdl from '@auth0/mdl'

const { DeviceResponse, Document, MDoc, Verifier } = mdl
const bytes = (text) => Buffer.from(text, 'base64')

async function verify({ response, transcript, roots }) {
  const found = await new Verifier(roots).verify(bytes(response), { encodedSessionTranscript: bytes(transcript) })
  return found.documents.map((one) => Object.fromEntries(
    one.issuerSignedNameSpaces.map((name) => [name, Object.keys(one.getIssuerNameSpace(name)).sort()]),
  ))
}

async function present({ claims, doctype, namespace, certificate, issuer, device, elements, transcript }) {
  const { d, ...publicDevice } = device
  const document = await new Document(doctype)
    .addIssuerNameSpace(namespace, claims)
    .useDigestAlgorithm('SHA-512')
    .addValidityInfo({ signed: new Date(), validFrom: new Date(Date.now() - 1000), validUntil: new Date(Date.now() + 86400_000) })
    .addDeviceKeyInfo({ deviceKey: publicDevice })
    .sign({ issuerPrivateKey: issuer, issuerCertificate: certificate, alg: 'ES256' })
  const wanted = {
    id: 'request',
    input_descriptors: [{
      id: doctype,
      format: { mso_mdoc: { alg: ['ES256'] } },
      constraints: {
        limit_disclosure: 'required',
        fields: elements.map((name) => ({ path: [`$['${namespace}']['${name}']`], intent_to_retain: false })),
      },
    }],
  }
  const response = await DeviceResponse.from(new MDoc([document]))
    .usingPresentationDefinition(wanted)
    .usingSessionTranscriptBytes(bytes(transcript))
    .authenticateWithSignature(device, 'ES256')
    .sign()
  return response.encode().toString('base64')
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  try {
    console.log(JSON.stringify({ ok: true, result: await { verify, present }[request.act](request) }))
  } catch (error) {
    console.log(JSON.stringify({ ok: false, error: String(error.message ?? error).slice(0, 400) }))
  }
}
