#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/kernel.hpp"

namespace negphase {

/// One array of a state, for saving: column-major.
struct StateField {
  std::string_view name;
  void* data = nullptr;
  Index rows = 0, columns = 0;
  Index scalar_size = 0;  ///< 4 float, 8 double or 64-bit integer
  std::size_t bytes() const { return static_cast<std::size_t>(rows * columns * scalar_size); }
};

/// The state of any kernel. Move-only.
template <class Scalar>
class AnyState {
 public:
  template <class State>
  requires(std::derived_from<State, ChainState<Scalar>>) explicit AnyState(State s)
      : self_(std::make_unique<Holder<State>>(std::move(s))) {}

  const Block<Scalar>& position() const { return self_->chains().position; }
  Block<Scalar>& position() { return self_->chains().position; }  ///< then call refresh()
  const PerChain& beta() const { return self_->chains().beta; }
  PerChain& beta() { return self_->chains().beta; }
  const PerChain& energy() const { return self_->chains().energy; }
  void swap_chains(Index i, Index j) { self_->swap(i, j); }
  std::vector<StateField> fields() { return self_->fields(); }

  /// The concrete state; throws UsageError where it is another kernel's.
  template <class State>
  State& as() {
    auto* holder = dynamic_cast<Holder<State>*>(self_.get());
    if (holder == nullptr) {
      throw UsageError("this state belongs to another kernel");
    }
    return holder->state;
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual ChainState<Scalar>& chains() = 0;
    virtual void swap(Index, Index) = 0;
    virtual std::vector<StateField> fields() = 0;
  };
  template <class State>
  struct Holder final : Interface {
    explicit Holder(State s) : state(std::move(s)) {}
    ChainState<Scalar>& chains() override { return state; }
    void swap(Index i, Index j) override {
      if constexpr (requires { state.swap_chains(i, j); }) {
        state.swap_chains(i, j);
      } else {
        negphase::swap_chains(state, i, j);
      }
    }
    std::vector<StateField> fields() override {
      std::vector<StateField> all;
      state.fields([&](std::string_view name, auto& array) {
        all.push_back({name, array.data(), array.rows(), array.cols(),
                       static_cast<Index>(sizeof(array(0, 0)))});
      });
      return all;
    }
    State state;
  };
  std::unique_ptr<Interface> self_;
};

/// The work space of any kernel for one block.
class AnyScratch {
 public:
  template <class S>
  explicit AnyScratch(S s)
      : self_(new S(std::move(s)), [](void* p) { delete static_cast<S*>(p); }), type_(&typeid(S)) {}
  /// The concrete work space; throws UsageError where it is another kernel's.
  template <class S>
  S& as() const {
    if (*type_ != typeid(S)) {
      throw UsageError("this scratch belongs to another kernel");
    }
    return *static_cast<S*>(self_.get());
  }

 private:
  std::unique_ptr<void, void (*)(void*)> self_;
  const std::type_info* type_;
};

/// Any kernel over any energy: one virtual call a block and step. Copies share the kernel.
template <class Scalar>
class AnyKernel {
 public:
  template <class K>
  requires(!std::same_as<K, AnyKernel>) AnyKernel(K kernel) {  // NOLINT: any kernel is an AnyKernel
    // asserted here and not in the signature, so that the compiler names the member that is missing
    static_assert(Kernel<K, AnyEnergy<Scalar>>);
    self_ = std::make_shared<Holder<K>>(std::move(kernel));
  }

  AnyState<Scalar> init(const AnyEnergy<Scalar>& e, const PerChain& beta,
                        const Block<Scalar>& start) const {
    return self_->init(e, beta, start);
  }
  AnyScratch scratch(const AnyEnergy<Scalar>& e, Index chains) const {
    return self_->scratch(e, chains);
  }
  void step(const AnyEnergy<Scalar>& e, AnyState<Scalar>& s, AnyScratch& w, RandomSource& r,
            StepInfo& info) const {
    self_->step(e, s, w, r, info);
  }
  void refresh(const AnyEnergy<Scalar>& e, AnyState<Scalar>& s) const { self_->refresh(e, s); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual AnyState<Scalar> init(const AnyEnergy<Scalar>&, const PerChain&,
                                  const Block<Scalar>&) const = 0;
    virtual AnyScratch scratch(const AnyEnergy<Scalar>&, Index) const = 0;
    virtual void step(const AnyEnergy<Scalar>&, AnyState<Scalar>&, AnyScratch&, RandomSource&,
                      StepInfo&) const = 0;
    virtual void refresh(const AnyEnergy<Scalar>&, AnyState<Scalar>&) const = 0;
  };
  template <class K>
  struct Holder final : Interface {
    using State = typename K::template State<Scalar>;
    using Scratch = typename K::template Scratch<Scalar>;
    explicit Holder(K k) : kernel(std::move(k)) {}
    AnyState<Scalar> init(const AnyEnergy<Scalar>& e, const PerChain& beta,
                          const Block<Scalar>& start) const override {
      return AnyState<Scalar>(kernel.init(e, beta, start));
    }
    AnyScratch scratch(const AnyEnergy<Scalar>& e, Index chains) const override {
      return AnyScratch(kernel.scratch(e, chains));
    }
    void step(const AnyEnergy<Scalar>& e, AnyState<Scalar>& s, AnyScratch& w, RandomSource& r,
              StepInfo& info) const override {
      kernel.step(e, s.template as<State>(), w.template as<Scratch>(), r, info);
    }
    void refresh(const AnyEnergy<Scalar>& e, AnyState<Scalar>& s) const override {
      kernel.refresh(e, s.template as<State>());
    }
    K kernel;
  };
  std::shared_ptr<const Interface> self_;
};

/// A sampler as a user chooses it: one kernel in both precisions and what is known of it.
struct AnySampler {
  std::string name;
  AnyKernel<float> in_float;
  AnyKernel<double> in_double;
  Abilities needs = 0;               ///< what an energy must be able to do
  Abilities needs_where_real = 0;    ///< and this, where it has real columns
  Abilities needs_where_finite = 0;  ///< and this, where it has columns with a list of states
  bool is_exact = true;  ///< leaves exp(-beta E) invariant; false: biased by its step size (ULA)
  double step_size = 0;  ///< h of M11 where there is one; else 0
  /// On finite columns two chains that read the same words can meet, and then stay together: the
  /// next position is a function of position and words (run/coupled_chains.hpp).
  bool couples = false;
  /// Inverse temperature of the law that it samples where that is its own, set by its noise and
  /// drift (M11); 0: the chain's.
  double own_beta = 0;

  /// All that an energy over these columns must be able to do.
  Abilities needs_for(std::span<const Column> columns) const {
    Abilities all = needs;
    for (const Column& column : columns) {
      all |= column.kind == ColumnKind::real ? needs_where_real : needs_where_finite;
    }
    return all;
  }

  template <class Scalar>
  const AnyKernel<Scalar>& kernel() const {
    if constexpr (std::same_as<Scalar, float>) {
      return in_float;
    } else {
      return in_double;
    }
  }
};

}  // namespace negphase
