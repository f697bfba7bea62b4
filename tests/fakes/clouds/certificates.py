"""A certificate authority for tests, and server certificates made on the fly for the names it is asked for."""
import datetime
import pathlib
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)


class Authority:
    """A CA whose certificate is the file `ca_file`.  Thread-safe."""

    def __init__(self, directory, name="Gantry test CA"):
        self.directory = pathlib.Path(directory)
        self.ca_file = self.directory / "ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name(name)
        builder = _certificate(self._name, self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.ca_file.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        self._contexts, self._others = {}, {}
        self._mutex = threading.Lock()

    def leave_to(self, other, name):
        """From now on this name's certificate is another authority's."""
        with self._mutex:
            self._others[name] = other
            self._contexts.pop(name, None)

    def server_context(self, is_ours):
        """TLS for a listener: each name a client asks for gets its certificate, if is_ours(name) says so."""
        def choose(connection, name, _):
            if name is None or not is_ours(name):
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = self._context_for(name)
            return None

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = choose
        return context

    def _context_for(self, name):
        with self._mutex:
            if name not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self._others.get(name, self)._issue(name))
                self._contexts[name] = context
            return self._contexts[name]

    def _issue(self, name):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _certificate(_common_name("Gantry test server"), self._name, key.public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        path = self.directory / f"{name}.pem"
        path.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return path


def _common_name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _certificate(subject, issuer, public_key):
    now = datetime.datetime.utcnow()
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + DAY))


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)
