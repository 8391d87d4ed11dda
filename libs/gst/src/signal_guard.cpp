#include "surveillx/gst/signal_guard.hpp"

namespace surveillx::gst {
namespace {

struct ClosureData {
  SignalGuard::Handler handler;
  std::shared_ptr<Gate> gate;
};

void marshal(GClosure* closure, GValue* result, guint count, const GValue* values,
             gpointer /*hint*/, gpointer /*marshal_data*/) {
  const auto* data = static_cast<ClosureData*>(closure->data);
  if (const auto pass = data->gate->enter()) {
    data->handler(std::span(values, count).subspan(1), result);
  }
}

void free_closure_data(gpointer data, GClosure* /*closure*/) {
  delete static_cast<ClosureData*>(data);
}

struct ProbeData {
  ProbeGuard::Filter keep;
  std::shared_ptr<Gate> gate;
};

GstPadProbeReturn on_probe(GstPad* pad, GstPadProbeInfo* info, gpointer user_data) {
  const auto* data = static_cast<ProbeData*>(user_data);
  const auto pass = data->gate->enter();
  return !pass || data->keep(pad, info) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

}  // namespace

struct SignalGuard::Connection {
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { g_weak_ref_clear(&object); }
  GWeakRef object{};
  gulong id = 0;
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
};

SignalGuard::SignalGuard() = default;
SignalGuard::SignalGuard(SignalGuard&&) noexcept = default;
SignalGuard::~SignalGuard() { disconnect(); }

SignalGuard& SignalGuard::operator=(SignalGuard&& other) noexcept {
  if (this != &other) {
    disconnect();
    connection_ = std::move(other.connection_);
  }
  return *this;
}

SignalGuard SignalGuard::connect_raw(gpointer object, const char* signal, Handler handler) {
  SignalGuard guard;
  guard.connection_ = std::make_unique<Connection>();
  g_weak_ref_init(&guard.connection_->object, object);
  auto* data = new ClosureData{std::move(handler), guard.connection_->gate};
  GClosure* closure = g_closure_new_simple(sizeof(GClosure), data);
  g_closure_add_finalize_notifier(closure, data, free_closure_data);
  g_closure_set_marshal(closure, marshal);
  // The closure is floating; connecting sinks it.
  guard.connection_->id = g_signal_connect_closure(object, signal, closure, FALSE);
  return guard;
}

void SignalGuard::disconnect() {
  if (!connection_) return;
  const auto connection = std::move(connection_);
  if (const auto object = adopt(static_cast<GObject*>(g_weak_ref_get(&connection->object)))) {
    if (connection->id != 0) g_signal_handler_disconnect(object.get(), connection->id);
  }
  connection->gate->close();
}

struct ProbeGuard::Probe {
  Ref<GstPad> pad;
  gulong id = 0;
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
};

ProbeGuard::ProbeGuard() = default;
ProbeGuard::ProbeGuard(ProbeGuard&&) noexcept = default;
ProbeGuard::~ProbeGuard() { remove(); }

ProbeGuard& ProbeGuard::operator=(ProbeGuard&& other) noexcept {
  if (this != &other) {
    remove();
    probe_ = std::move(other.probe_);
  }
  return *this;
}

ProbeGuard ProbeGuard::add(GstPad* pad, GstPadProbeType mask, Handler handler) {
  return add_filter(pad, mask, [handler = std::move(handler)](GstPad* at, GstPadProbeInfo* info) {
    handler(at, info);
    return true;
  });
}

ProbeGuard ProbeGuard::add_filter(GstPad* pad, GstPadProbeType mask, Filter keep) {
  ProbeGuard guard;
  guard.probe_ = std::make_unique<Probe>();
  guard.probe_->pad = share(pad);
  auto* data = new ProbeData{std::move(keep), guard.probe_->gate};
  guard.probe_->id = gst_pad_add_probe(pad, mask, on_probe, data,
                                       [](gpointer p) { delete static_cast<ProbeData*>(p); });
  return guard;
}

void ProbeGuard::remove() {
  if (!probe_) return;
  const auto probe = std::move(probe_);
  if (probe->id != 0) gst_pad_remove_probe(probe->pad.get(), probe->id);
  probe->gate->close();
}

}  // namespace surveillx::gst
