// Signs and verifies with other people's packages, one JSON object a line: {"op", ...} -> {"ok": true, "result"} or {"ok": false}.
// Keys are private JWKs; DIDs are resolved by key-did-resolver.
import {createHash, randomBytes, sign as signBytes, verify as verifyBytes, createPrivateKey, createPublicKey} from 'node:crypto';
import {createInterface} from 'node:readline';
import {SDJwtVcInstance} from '@sd-jwt/sd-jwt-vc';
import {Resolver} from 'did-resolver';
import {
  createVerifiableCredentialJwt, createVerifiablePresentationJwt, verifyCredential, verifyPresentation,
} from 'did-jwt-vc';
import {getResolver} from 'key-did-resolver';
import {CompactSign, compactVerify, importJWK} from 'jose';

const resolver = new Resolver(getResolver());
const b64 = bytes => Buffer.from(bytes).toString('base64url');

const options = {format: 'jwk'};
const signer = jwk => async data => {
  const key = createPrivateKey({key: jwk, ...options});
  const hash = jwk.kty === 'EC' ? 'sha256' : null;
  return b64(signBytes(hash, Buffer.from(data), {key, dsaEncoding: 'ieee-p1363'}));
};
const verifier = jwk => async (data, signature) => {
  const key = createPublicKey({key: jwk, ...options});
  const hash = jwk.kty === 'EC' ? 'sha256' : null;
  return verifyBytes(hash, Buffer.from(data), {key, dsaEncoding: 'ieee-p1363'}, Buffer.from(signature, 'base64url'));
};
const hasher = (data, name) => createHash(name.replace('-', '')).update(Buffer.from(data)).digest();
const holding = async (data, signature, payload) => verifier(payload.cnf.jwk)(data, signature);

const instance = (more = {}) => new SDJwtVcInstance({
  hasher, hashAlg: 'sha-256', saltGenerator: n => b64(randomBytes(n)), ...more,
});

const ops = {
  async sd_jwt_issue({payload, disclosable, key, algorithm}) {
    return instance({signer: signer(key), signAlg: algorithm}).issue(payload, {_sd: disclosable});
  },
  async sd_jwt_present({token, disclosed, binding, key, algorithm}) {
    const sdJwt = instance({kbSigner: signer(key), kbSignAlg: algorithm});
    return sdJwt.present(token, Object.fromEntries(disclosed.map(name => [name, true])), {kb: {payload: binding}});
  },
  async sd_jwt_verify({token, key, nonce, required}) {
    const sdJwt = instance({verifier: verifier(key), kbVerifier: holding});
    const {payload} = await sdJwt.verify(token, {requiredClaimKeys: required, keyBindingNonce: nonce});
    return payload;
  },
  async jwt_vc_issue({credential, did, key, algorithm}) {
    return createVerifiableCredentialJwt(credential, {did, signer: signer(key), alg: algorithm});
  },
  async jwt_vc_verify({token}) {
    return (await verifyCredential(token, resolver)).verifiableCredential;
  },
  async jwt_vp_issue({credential, did, key, algorithm, domain, challenge}) {
    const vp = {'@context': ['https://www.w3.org/2018/credentials/v1'], type: ['VerifiablePresentation'], verifiableCredential: [credential]};
    const issuer = {did, signer: signer(key), alg: algorithm};
    return createVerifiablePresentationJwt({vp, iss: did}, issuer, {domain, challenge, header: {kid: `${did}#${did.slice(8)}`}});
  },
  async jwt_vp_verify({token, domain, challenge}) {
    return (await verifyPresentation(token, resolver, {domain, challenge})).verifiablePresentation;
  },
  async jws_sign({header, payload, key}) {
    const bytes = new TextEncoder().encode(JSON.stringify(payload));
    return new CompactSign(bytes).setProtectedHeader(header).sign(await importJWK(key, header.alg));
  },
  async jws_verify({token, key, algorithm}) {
    const {payload, protectedHeader} = await compactVerify(token, await importJWK(key, algorithm), {algorithms: [algorithm]});
    return {header: protectedHeader, payload: JSON.parse(new TextDecoder().decode(payload))};
  },
};

for await (const line of createInterface({input: process.stdin})) {
  const {op, ...rest} = JSON.parse(line);
  let answer;
  try {
    answer = {ok: true, result: await ops[op](rest)};
  } catch(error) {
    answer = {ok: false, error: `${error.name}: ${error.message}`};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
