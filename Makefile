.DEFAULT_GOAL := help
SHELL := /bin/bash

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@2026.1
GOLANGCI    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4
FUZZTIME    ?= 60s

.PHONY: help build demo test test-short lint vuln bench soak fuzz fmt clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

build: ## the binary, bin/weir
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/weir ./cmd/weir

demo: build ## the whole journey on simulated data; needs nothing but Go
	./bin/weir demo

test: ## everything that must hold; installs what it needs
	./scripts/install-test-deps
	@test -z "$$(gofmt -l .)" || { echo 'not formatted:'; gofmt -l .; exit 1; }
	go vet ./...
	go test -race -timeout 30m ./...

test-short: ## the quick part of the tests
	go test -short ./...

lint: ## linters beyond go vet, with .golangci.yaml
	go run $(GOLANGCI) run ./...

vuln: ## known vulnerabilities that the code reaches; needs the network
	go run $(GOVULNCHECK) ./...

bench: ## figures: rows per second and memory, by destination and size
	go test -run '^$$' -bench . -benchtime 1x -timeout 60m ./bench/...

soak: ## the long campaigns: 1,000 kills per destination, 1,000 histories
	WEIR_KILLS=1000 WEIR_HISTORIES=1000 go test -timeout 6h ./...

fuzz: ## every fuzz target for FUZZTIME
	@set -e; for p in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	  echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p; done; done

fmt: ## format the code
	gofmt -w .

clean: ## remove what was built
	rm -rf bin
