# The one place for commands. Each does the set-up that it needs and says so; the second time it finds it done.
#
#   make run ARGS="watch demo"    arguments for the program
#   make run CUDA=1               with ONNX Runtime for NVIDIA cards (once a download of 1.6 GB)
#   make bench CLIP=film.mp4      Mien beside other programs on your own clip

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mien
ORT := libonnxruntime.so.1.28.0
TYPOS := $(CACHE)/tools/typos-1.52.0/typos
REPORT_TOOLS := $(CACHE)/tools/report
DENY := $(CACHE)/tools/cargo-deny-0.20.2/bin/cargo-deny

ifdef CUDA
RUNTIME := runtime/cuda/$(ORT)
# The CUDA half of ONNX Runtime names its libraries without saying where they are.
export LD_LIBRARY_PATH := $(CURDIR)/runtime/cuda$(if $(LD_LIBRARY_PATH),:$(LD_LIBRARY_PATH))
export ORT_DYLIB_PATH := $(CURDIR)/$(RUNTIME)
else
RUNTIME := runtime/$(ORT)
endif

.NOTPARALLEL:
.PHONY: build run setup test check test-training test-camera check-report third-party bench soak fuzz

build: setup
	@cargo build --release

run: setup
	@cargo run --release -- $(ARGS)

setup: packages-build packages-run $(RUNTIME)

test: setup packages-test
	@cargo test

# No advisories: their database comes from a git host, and a check should need nothing but the package registries.
check: packages-build $(TYPOS) $(DENY)
	cargo fmt --check
	$(TYPOS)
	$(DENY) --locked check bans licenses sources
	cargo clippy --locked --all-targets -- -D warnings

test-training: export PATH := $(CACHE)/training/bin:$(PATH)
test-training: packages-training
	@scripts/python_env.sh training/requirements.txt $(CACHE)/training
	@training/check.sh

# The release build before real cameras in a virtual machine; CASES="..." for some of them. Pictures go to target/camera/.
test-camera: build packages-test target/bench.mp4
	@MIEN=target/release/mien RUNTIME=$(RUNTIME) CLIP=target/bench.mp4 SHOTS=$(CURDIR)/target/camera tests/camera/run $(CASES)

# Mien beside its peers, turn by turn; without a CLIP on a portrait that a camera sways over.
bench: build packages-training
	@scripts/python_env.sh benches/peers/requirements.txt $(CACHE)/peers
	@$(if $(CLIP),,$(MAKE) --no-print-directory target/bench.mp4)
	@$(CACHE)/peers/bin/python benches/peers/compare.py $(or $(CLIP),target/bench.mp4) $(PEERS)

# Ten minutes of `mien watch` with other models and sources all the time: does it grow, does it lose a row?
soak: build target/bench.mp4
	@scripts/soak.py target/release/mien $(or $(CLIP),target/bench.mp4) --minutes $(or $(MINUTES),10)

# libFuzzer on each reader of files, SECONDS each (600). Nothing but the compiler is needed: no cargo-fuzz, no nightly.
FUZZ_TARGETS := card side_file session challenge_csv crop
fuzz: export RUSTFLAGS := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares
fuzz: export CARGO_TARGET_DIR := $(CURDIR)/target/fuzz
fuzz: packages-build
	@cargo build --release --locked --manifest-path tests/fuzz/Cargo.toml --target x86_64-unknown-linux-gnu
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz/corpus/$$target && \
		target/fuzz/x86_64-unknown-linux-gnu/release/$$target target/fuzz/corpus/$$target tests/fuzz/seeds/$$target \
			-max_total_time=$(or $(SECONDS),600) -artifact_prefix=target/fuzz/$$target- -print_final_stats=1 || exit 1; \
	done

target/bench.mp4: tests/data/astronaut.png
	@ffmpeg -v error -y -nostdin -loop 1 -framerate 30 -i $< -t 15 -pix_fmt yuv420p \
		-vf "crop=448:336:x='32+32*sin(t)':y='16+16*sin(2*t)',scale=640:480" $@

# The report's page in a browser: docs/example-report.html, or PAGES="...". Pictures of it go to target/report/.
check-report: packages-browser
	@mkdir -p $(REPORT_TOOLS)
	@cp scripts/report-tools.json $(REPORT_TOOLS)/package.json
	@npm install --prefix $(REPORT_TOOLS) --silent --no-audit --no-fund
	@REPORT_TOOLS=$(REPORT_TOOLS) node scripts/check_report.mjs target/report $(or $(PAGES),docs/example-report.html)

# The list of crates in THIRD_PARTY.md, after a change of dependencies.
third-party:
	@scripts/third_party.py

packages-%:
	@scripts/packages.sh $*

# The newest there is would be taken.
ONLY_THIS = find $(@D) -maxdepth 1 -name 'libonnxruntime.so.*' ! -name $(ORT) -delete

runtime/$(ORT): scripts/onnxruntime.txt
	@echo "Set-up: fetching ONNX Runtime into runtime/ (19 MB)"
	@scripts/fetch_wheels.py $< $(@D) 'onnxruntime/capi/libonnxruntime.so*'
	@$(ONLY_THIS)

runtime/cuda/$(ORT): scripts/onnxruntime-cuda.txt
	@echo "Set-up: fetching ONNX Runtime with CUDA 13 and cuDNN 9 into runtime/cuda/ (1.6 GB)"
	@scripts/fetch_wheels.py $< $(@D) 'onnxruntime/capi/libonnxruntime.so*' 'onnxruntime/capi/libonnxruntime_providers_[cs]*.so' \
		'nvidia/*/lib/*.so*'
	@$(ONLY_THIS)

$(TYPOS): scripts/typos.txt
	@echo "Set-up: fetching typos into $(@D)"
	@scripts/fetch_wheels.py $< $(@D) '*.data/scripts/typos'

# (--debug: the release profile takes twice as long to build and saves milliseconds here.)
$(DENY):
	@echo "Set-up: building cargo-deny into $(@D) (once, a few minutes)"
	@cargo install cargo-deny --quiet --locked --version 0.20.2 --debug --root $(@D:/bin=)
