#pragma once

#include "surveillx/net/http.hpp"

#include "request_reader.hpp"
#include "server_core.hpp"
#include "stream.hpp"
#include "target.hpp"

namespace surveillx::net {

/// The target without the base path, under which a proxy may show us.
[[nodiscard]] Result<Target> target_of(const ServerCore& server, const RequestReader::Head& head);

/// The request as handlers see it, without its body, watch and standing.
[[nodiscard]] HttpRequest request_of(ServerCore& server, const Stream& stream,
                                     const RequestReader::Head& head, Target target);

}  // namespace surveillx::net
