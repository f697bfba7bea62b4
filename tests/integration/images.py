"""Images for the tests, made with nothing but the standard library: OCI layouts and docker archives."""
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_layer(files):
    """An uncompressed layer with the given {path: bytes}; an executable bit for paths under bin/."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            info.mode = 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Layout:
    """An OCI layout directory under construction."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        (self.path / "blobs/sha256").mkdir(parents=True)
        (self.path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.roots = []

    def blob(self, data, media_type, **fields):
        digest = digest_of(data)
        (self.path / "blobs" / digest.replace(":", "/")).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data), **fields}

    def json_blob(self, value, media_type, **fields):
        return self.blob(json.dumps(value).encode(), media_type, **fields)

    def layer(self, files, compression="gzip"):
        """Writes the layer; returns its descriptor and diffID."""
        tar = tar_layer(files)
        if compression == "gzip":
            data = gzip.compress(tar, mtime=0)
        elif compression == "zstd":
            data = subprocess.run(["zstd", "-q", "-c"], input=tar, capture_output=True, check=True).stdout
        else:
            data = tar
        suffix = {"gzip": "+gzip", "zstd": "+zstd", "none": ""}[compression]
        return self.blob(data, OCI_LAYER + suffix), digest_of(tar)

    def image(self, layers, architecture="amd64", command=None):
        """A manifest over [(descriptor, diffID)]; returns its descriptor."""
        config = self.json_blob({
            "architecture": architecture, "os": "linux",
            "config": {"Cmd": command or ["/bin/true"]},
            "rootfs": {"type": "layers", "diff_ids": [d for _, d in layers]},
        }, OCI_CONFIG)
        return self.json_blob({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config,
            "layers": [d for d, _ in layers],
        }, OCI_MANIFEST, platform={"os": "linux", "architecture": architecture})

    def index(self, manifests):
        return self.json_blob(
            {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}, OCI_INDEX)

    def root(self, descriptor, name):
        annotated = dict(descriptor, annotations={"org.opencontainers.image.ref.name": name})
        self.roots.append(annotated)
        (self.path / "index.json").write_text(
            json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self.roots}))
        return descriptor["digest"]


def simple(path, seed="x", size=1000, name="latest"):
    """One layer of `size` bytes that depend on the seed; returns the manifest's digest."""
    layout = Layout(path)
    data = hashlib.sha256(seed.encode()).digest() * (size // 32 + 1)
    return layout.root(layout.image([layout.layer({"data": data[:size]})]), name)


def many_layers(path, count=60):
    layout = Layout(path)
    layers = [layout.layer({f"file{i}": f"{i}".encode() * 2000}) for i in range(count)]
    return layout.root(layout.image(layers), "latest")


def two_platforms(path):
    layout = Layout(path)
    shared = layout.layer({"etc/shared": b"shared"})
    children = [layout.image([shared, layout.layer({"arch": a.encode()})], architecture=a)
                for a in ("amd64", "arm64")]
    return layout.root(layout.index(children), "latest")


def zstd_layers(path):
    layout = Layout(path)
    return layout.root(layout.image([layout.layer({"a": b"a" * 5000}, "zstd"),
                                     layout.layer({"b": b"b" * 5000}, "gzip")]), "latest")


def no_layers(path):
    layout = Layout(path)
    return layout.root(layout.image([]), "latest")


def duplicate_layers(path):
    layout = Layout(path)
    layer = layout.layer({"same": b"same" * 1000})
    return layout.root(layout.image([layer, layer, layer]), "latest")


def big_layer(path, size):
    """One incompressible layer of `size` bytes, uncompressed and written without being held."""
    import os
    layout = Layout(path)
    block = os.urandom(1 << 20)
    header = tarfile.TarInfo("big")
    header.size = size
    temporary = layout.path / "blobs/sha256/tmp"
    hash_ = hashlib.sha256()
    with open(temporary, "wb") as out:
        def write(data):
            hash_.update(data)
            out.write(data)
        write(header.tobuf())
        for i in range(size >> 20):
            write(i.to_bytes(8, "little") + block[8:])
        write(b"\0" * 1024)
    length = temporary.stat().st_size
    digest = "sha256:" + hash_.hexdigest()
    temporary.rename(layout.path / "blobs/sha256" / hash_.hexdigest())
    layer = {"mediaType": OCI_LAYER, "digest": digest, "size": length}
    return layout.root(layout.image([(layer, digest)]), "latest")


def docker_archive(layout, path, name):
    """The one image of a layout, with uncompressed layers, as `docker save` of Docker 20.10 writes it."""
    blob = lambda descriptor: pathlib.Path(layout) / "blobs" / descriptor["digest"].replace(":", "/")
    root = json.loads((pathlib.Path(layout) / "index.json").read_text())["manifests"][0]
    manifest = json.loads(blob(root).read_text())
    files = {manifest["config"]["digest"].partition(":")[2] + ".json": blob(manifest["config"])}
    layers = {layer["digest"].partition(":")[2] + "/layer.tar": blob(layer) for layer in manifest["layers"]}
    listed = json.dumps([{"Config": next(iter(files)), "RepoTags": [name], "Layers": list(layers)}]).encode()
    with tarfile.open(path, "w") as tar:
        for member, file in {**layers, **files}.items():
            tar.add(file, member)
        info = tarfile.TarInfo("manifest.json")
        info.size = len(listed)
        tar.addfile(info, io.BytesIO(listed))
    return path
