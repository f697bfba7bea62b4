"""A gRPC client that knows nothing of the API but what the server's reflection tells it."""
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def _reflection_messages():
    """The part of reflection.proto that is used, declared here: Debian has no package of it."""
    file = descriptor_pb2.FileDescriptorProto(name="r.proto", package="grpc.reflection.v1alpha", syntax="proto3")

    def message(name, *fields):
        m = file.message_type.add(name=name)
        for number, field, kind, repeated in fields:
            f = m.field.add(name=field, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                f.type, f.type_name = 11, f".grpc.reflection.v1alpha.{kind}"
            else:
                f.type = kind
    message("ServerReflectionRequest", (3, "file_by_filename", 9, False),
            (4, "file_containing_symbol", 9, False), (7, "list_services", 9, False))
    message("FileDescriptorResponse", (1, "file_descriptor_proto", 12, True))
    message("ServiceResponse", (1, "name", 9, False))
    message("ListServiceResponse", (1, "service", "ServiceResponse", True))
    message("ServerReflectionResponse", (4, "file_descriptor_response", "FileDescriptorResponse", False),
            (6, "list_services_response", "ListServiceResponse", False))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    get = lambda n: factory.GetPrototype(pool.FindMessageTypeByName("grpc.reflection.v1alpha." + n))
    return get("ServerReflectionRequest"), get("ServerReflectionResponse")


class ReflectionClient:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.request_type, self.response_type = _reflection_messages()
        self.pool = descriptor_pool.DescriptorPool()
        self.factory = message_factory.MessageFactory(self.pool)
        self.known = set()

    def ask(self, **fields):
        call = self.channel.stream_stream(REFLECTION, self.request_type.SerializeToString,
                                          self.response_type.FromString)
        return next(call(iter([self.request_type(**fields)]), timeout=20))

    def services(self):
        return [s.name for s in self.ask(list_services="*").list_services_response.service]

    def health(self, service=""):
        """Of grpc.health.v1, whose messages are small enough to be written by hand."""
        name = service.encode()
        check = self.channel.unary_unary("/grpc.health.v1.Health/Check")
        answer = check(bytes([0x0A, len(name)]) + name, timeout=20)
        return ("UNKNOWN", "SERVING", "NOT_SERVING")[answer[1]]

    def _add(self, data):
        proto = descriptor_pb2.FileDescriptorProto.FromString(data)
        if proto.name in self.known:
            return
        self.known.add(proto.name)
        for dependency in proto.dependency:
            if dependency not in self.known:
                for raw in self.ask(file_by_filename=dependency).file_descriptor_response.file_descriptor_proto:
                    self._add(raw)
        self.pool.Add(proto)

    def methods(self, service):
        """{method name: descriptor} of a service."""
        for raw in self.ask(file_containing_symbol=service).file_descriptor_response.file_descriptor_proto:
            self._add(raw)
        return {m.name: m for m in self.pool.FindServiceByName(service).methods}

    def _json(self, message):
        return json_format.MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=self.pool)

    def start(self, method, *requests, timeout=60):
        """Begins a call with JSON values as messages.  The grpc call: iterate it, cancel it."""
        request_type = self.factory.GetPrototype(method.input_type)
        messages = [json_format.ParseDict(r, request_type(), descriptor_pool=self.pool) for r in requests]
        path = f"/{method.containing_service.full_name}/{method.name}"
        parse = self.factory.GetPrototype(method.output_type).FromString
        return self.channel.stream_stream(path, request_type.SerializeToString, parse)(iter(messages),
                                                                                       timeout=timeout)

    def call(self, method, *requests, timeout=60):
        """Sends JSON values; returns the answers as JSON values.  Raises grpc.RpcError."""
        return [self._json(answer) for answer in self.start(method, *requests, timeout=timeout)]

    def error_of(self, call):
        """What a failed call carries: {"code", "message", "reason", "metadata", "details"}."""
        trailer = dict(call.trailing_metadata() or ()).get("grpc-status-details-bin")
        found = {"code": call.code().name, "message": call.details(), "reason": None, "metadata": {},
                 "details": {}}
        if trailer is None:
            return found
        for symbol in ("google.rpc.Status", "google.rpc.ErrorInfo"):
            for raw in self.ask(file_containing_symbol=symbol).file_descriptor_response.file_descriptor_proto:
                self._add(raw)
        status = self.factory.GetPrototype(self.pool.FindMessageTypeByName("google.rpc.Status"))
        for detail in self._json(status.FromString(trailer)).get("details", []):
            name = detail.pop("@type").rpartition(".")[2]
            found["details"][name] = detail
        info = found["details"].pop("ErrorInfo", {})
        found.update(reason=info.get("reason"), metadata=info.get("metadata", {}), domain=info.get("domain"))
        return found

    def fails(self, method, *requests, timeout=60):
        """Makes a call that must fail; returns its error."""
        call = self.start(method, *requests, timeout=timeout)
        try:
            answers = list(call)
        except grpc.RpcError:
            return self.error_of(call)
        raise AssertionError(f"{method.name} answered {[self._json(a) for a in answers]}")
