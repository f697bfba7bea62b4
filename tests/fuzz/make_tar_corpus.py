#!/usr/bin/env python3
"""Writes corpus/tar_source: small image archives, always the same bytes."""
import gzip
import hashlib
import io
import json
import pathlib
import tarfile

OUT = pathlib.Path(__file__).parent / "corpus/tar_source"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
INDEX = "application/vnd.oci.image.index.v1+json"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def dump(value):
    return json.dumps(value, separators=(",", ":")).encode()


def tar(entries, pax=False):
    """A tar of (name, bytes) and (name, type, target), ended by two blocks of zeros."""
    out = io.BytesIO()
    form = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    for name, content, *link in entries:
        info = tarfile.TarInfo(name)
        if link:
            info.type, info.linkname = content, link[0]
            out.write(info.tobuf(form))
            continue
        info.size = len(content)
        out.write(info.tobuf(form) + content + bytes(-len(content) % 512))
    return out.getvalue() + bytes(1024)


def squeeze(data):
    return gzip.compress(data, mtime=0)


def layer(text):
    return tar([("etc/motd", text.encode())])


def config(layers):
    ids = ["sha256:" + sha256(data) for data in layers]
    return dump({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["true"]},
                 "rootfs": {"type": "layers", "diff_ids": ids}})


def docker_20_10(texts, tags):
    """What `docker save` of Docker 20.10 writes: a layer that comes twice is a link the second time."""
    layers = [layer(text) for text in texts]
    data = config(layers)
    entries, files, first = [], [], {}
    for i, content in enumerate(layers):
        name = sha256(b"%d" % i + content)
        entries += [(name + "/VERSION", b"1.0"), (name + "/json", dump({"id": name, "os": "linux"}))]
        if content in first:
            entries.append((name + "/layer.tar", tarfile.SYMTYPE, "../" + first[content]))
        else:
            entries.append((name + "/layer.tar", content))
        first.setdefault(content, name + "/layer.tar")
        files.append(name + "/layer.tar")
    manifest = [{"Config": sha256(data) + ".json", "RepoTags": tags, "Layers": files}]
    return entries + [(sha256(data) + ".json", data), ("manifest.json", dump(manifest)),
                      ("repositories", dump({"app": {"1": files[-1].split("/")[0]}}))]


def descriptor(media_type, data, **more):
    return {"mediaType": media_type, "digest": "sha256:" + sha256(data), "size": len(data), **more}


def oci(texts, *, docker_names=(), platforms=("amd64",), compress=squeeze):
    """An OCI layout; with names, as Docker's containerd store saves it."""
    blobs, children = [], []
    for platform in platforms:
        plain = [layer(text + platform) for text in texts]
        packed = [compress(data) for data in plain]
        data = config(plain)
        manifest = dump({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, data),
                         "layers": [descriptor(LAYER + "+gzip", d) for d in packed]})
        blobs += [manifest, data, *packed]
        children.append(descriptor(MANIFEST, manifest,
                                   platform={"os": "linux", "architecture": platform}))
    if len(children) > 1:
        index = dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": children})
        blobs.append(index)
        children = [descriptor(INDEX, index)]
    roots = [dict(children[0], annotations={"io.containerd.image.name": name,
                                            "org.opencontainers.image.ref.name": name.split(":")[-1]})
             for name in docker_names] or children
    entries = [("blobs/sha256/" + sha256(data), data) for data in blobs]
    entries += [("index.json", dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": roots})),
                ("oci-layout", dump({"imageLayoutVersion": "1.0.0"}))]
    if docker_names:
        names = ["blobs/sha256/" + sha256(data) for data in blobs]
        entries.append(("manifest.json", dump([{"Config": names[1], "RepoTags": list(docker_names),
                                                "Layers": names[2:2 + len(texts)]}])))
    return entries


def renamed(entries, prefix):
    """A docker-archive whose layers have names too long for a plain header."""
    old = next(name for name, *_ in entries if name.endswith("layer.tar"))
    new = prefix * 20 + "layer.tar"
    return [(new if name == old else name,
             *[part.replace(dump(old), dump(new)) if isinstance(part, bytes) else part
               for part in rest]) for name, *rest in entries]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    docker = docker_20_10(["one", "two"], ["app:1", "app:latest"])
    plain = tar(docker)
    hard = [(n, tarfile.LNKTYPE, c[0][3:] if c[0].startswith("../") else c[0]) if c else (n, t)
            for n, t, *c in docker_20_10(["one", "one"], ["app:1"])]
    files = {
        "docker_20_10": plain,
        "docker_20_10_links": tar(docker_20_10(["one", "one"], ["app:1"])),
        "docker_20_10_hard_links": tar(hard),
        "docker_20_10_gzip": squeeze(plain),
        "docker_containerd": tar(oci(["one"], docker_names=["docker.io/library/app:1"])),
        "docker_containerd_two_tags": tar(oci(["one"], docker_names=["docker.io/library/app:1",
                                                                     "docker.io/library/app:2"])),
        "docker_compressed_layers": tar([(n, squeeze(c) if n.endswith("layer.tar") else c)
                                         for n, c in docker]),
        "oci_archive": tar(oci(["one", "two"])),
        "oci_archive_gzip": squeeze(tar(oci(["one"]))),
        "oci_archive_two_platforms": tar(oci(["one"], platforms=("amd64", "arm64"))),
        "gnu_long_names": tar(renamed(docker, "directory/")),
        "pax_long_names": tar(renamed(docker, "directory/"), pax=True),
        "truncated": plain[:len(plain) // 2 - 100],
        "truncated_gzip": squeeze(plain)[:-200],
    }
    for name, data in files.items():
        (OUT / name).write_bytes(data)


main()
