# Holds negphase against R's posterior: figures of files of draws.
#
#   Rscript posterior_peer.R NEGPHASE FILE...
#
# Every FILE is a table with the columns chain and draw, or chain1, chain2, ... Needs posterior (Debian:
# r-cran-posterior) and jsonlite. Prints the largest relative difference of each figure over the quantities without
# a flag; ends with 1 where one is above 1e-8. posterior 1.4 has an older ess_sd, which is not compared.
suppressPackageStartupMessages(library(posterior))
arguments <- commandArgs(trailingOnly = TRUE)
negphase <- arguments[1]
figures <- list(
  rhat = rhat, ess_bulk = ess_bulk, ess_tail = ess_tail, ess_mean = ess_mean,
  ess_median = function(x) ess_quantile(x, 0.5), mcse_mean = mcse_mean,
  mcse_q05 = function(x) mcse_quantile(x, 0.05), mcse_median = function(x) mcse_quantile(x, 0.5))

# [draws x chains] of each quantity, under its name
quantities_of <- function(file) {
  table <- read.csv(file, check.names = FALSE)
  if (!"chain" %in% names(table)) {
    return(setNames(list(as.matrix(table)), sub("\\.csv(\\.gz)?$", "", basename(file))))
  }
  names <- setdiff(names(table), c("chain", "draw"))
  setNames(lapply(names, function(name) do.call(cbind, split(table[[name]], table$chain))), names)
}

worst <- setNames(rep(0, length(figures)), names(figures))
compared <- 0
for (file in arguments[-1]) {
  said <- system2(negphase, c("diagnose", shQuote(file), "--json"), stdout = TRUE, stderr = FALSE)
  report <- jsonlite::fromJSON(paste(said, collapse = "\n"), simplifyVector = FALSE)
  quantities <- quantities_of(file)
  for (ours in report$quantities) {
    if (length(ours$flags) > 0) next
    compared <- compared + 1
    for (name in names(figures)) {
      theirs <- figures[[name]](quantities[[ours$name]])
      if (!is.finite(theirs)) next
      worst[name] <- max(worst[name], abs(ours[[name]] - theirs) / max(abs(theirs), 1e-300))
    }
  }
}
cat("posterior", as.character(packageVersion("posterior")), "-", compared, "quantities of",
    length(arguments) - 1, "files\n")
cat(sprintf("  %s %.1e\n", names(worst), worst), sep = "")
quit(status = as.integer(any(worst > 1e-8)))
