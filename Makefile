# Weir: `make demo` to see it, `make test` to check it, `make help` for the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The checks are pinned here and nowhere else.
GOLANGCI   := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
TEMPL      := github.com/a-h/templ/cmd/templ@v0.3.1118

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w -X github.com/weirhq/weir/internal/cli.Version=$(VERSION)
# The race detector watches all code but SQLite's own and what it allocates with,
# which is C made into Go: there it finds nothing and takes most of the time. What
# is left out must hold no copy of generic code that others use: the linker takes one
# copy of each, and with the driver's, which is not watched then, it once told of a
# race between a store and a load of one sync.Map, which is none.
RACE := -race $(foreach p,sqlite/lib libc memory,'-gcflags=modernc.org/$(p)=-race=false')
# A program under the race detector sleeps a second before it exits, and tests start many.
export GORACE ?= atexit_sleep_ms=0
# Some tests wait more than they compute, for processes that are killed and for the
# disk: one package more than there are processors runs at once, the longest first.
PACKAGES_AT_ONCE := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
LONGEST := ./cmd/weir ./internal/web ./internal/server
# More flags for go test, such as TESTFLAGS='-run Kill -v'.
TESTFLAGS ?=

.PHONY: help build demo compat test short generate screenshots pictures fmt lint vuln bench soak fuzz clean deps checks

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/weir, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/weir ./cmd/weir

demo: build ## See the whole journey on simulated data, down to the pages; needs nothing but Go
	./bin/weir demo

test: deps checks ## Install what tests need, check format, vet, and run all tests with the race detector
	go test $(RACE) -ldflags=-w -timeout 45m -p $(PACKAGES_AT_ONCE) $(TESTFLAGS) $(LONGEST) ./...

short: ## Run the quick tests, without the race detector
	go test -short -timeout 5m $(TESTFLAGS) ./...

generate: ## Write the code of the pages anew after a change of a .templ file
	go run $(TEMPL) generate -path internal/web

screenshots: deps ## Take a picture of every page, in both themes and three widths, into screenshots/
	WEIR_SCREENSHOTS=$(CURDIR)/screenshots go test -count 1 -timeout 20m -run Screenshots ./internal/web

pictures: deps ## Take the pictures of the README anew, of simulated data
	WEIR_PICTURES=$(CURDIR)/docs/images go test -count 1 -timeout 10m -run Pictures ./internal/web

fmt: ## Format the code
	gofmt -w $$(git ls-files '*.go')

lint: ## Run golangci-lint as .golangci.yaml says
	CGO_ENABLED=0 go run $(GOLANGCI) run ./...

vuln: ## Look for known vulnerabilities in what is built; skipped where the database cannot be reached
	GOVULNCHECK=$(GOVULNCHECK) scripts/vuln

compat: build ## Play a whole story with the unmodified Nexla SDK for Python; skipped where that cannot be had
	scripts/compat

bench: ## Measure whole journeys and their parts
	go test -run '^$$' -bench . -benchtime 1x -timeout 30m $(TESTFLAGS) ./bench
	go test -run '^$$' -bench . -timeout 30m $(TESTFLAGS) ./internal/...

soak: deps ## Run the long campaigns: 1,000 kills a destination, 1,000 drifting histories, a cut after every byte, an hour of kills on one key, ten minutes of harm to a fleet, ten minutes of sign-ins, a day of faults
	WEIR_KILLS=$${WEIR_KILLS:-1000} WEIR_HISTORIES=$${WEIR_HISTORIES:-1000} WEIR_CUTS=$${WEIR_CUTS:-all} WEIR_BUDGET_TIME=$${WEIR_BUDGET_TIME:-1h} WEIR_HARM_TIME=$${WEIR_HARM_TIME:-10m} WEIR_SCALE=1 WEIR_RUNS_A_DAY=24 \
		go test -count 1 -timeout 12h -v -run 'Kill|Drift|Moves|Cut|Lost|Crash|Outlive|FourWorkers|Month' $(TESTFLAGS) ./cmd/weir ./internal/pipeline ./internal/rest ./internal/store ./internal/vault ./internal/destination/...
	WEIR_FLOOD=$${WEIR_FLOOD:-10m} WEIR_TIMINGS=$${WEIR_TIMINGS:-20000} go test -count 1 -timeout 1h -v -run 'Flood|ByItsTime' $(TESTFLAGS) ./internal/server ./internal/identity
	WEIR_SOAK_TIME=$${WEIR_SOAK_TIME:-24h} go test -count 1 -timeout 48h -v -run ADayOfFaults $(TESTFLAGS) ./cmd/weir

fuzz: ## Run every fuzz target for FUZZTIME (default 30s) each
	FUZZTIME=$${FUZZTIME:-30s} scripts/fuzz

clean: ## Remove what was built
	rm -rf bin dist

# Below: parts of the targets above.

deps:
	@scripts/install-test-deps

checks:
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go' | while read -r f; do [[ -e $$f ]] && echo "$$f"; done)); \
		if [[ -n $$unformatted ]]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi
	go vet $(RACE) ./... # built as the tests are, so that both share what is built
	@scripts/check-generated $(TEMPL)
