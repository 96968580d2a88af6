"""The three sets of scikit-learn's that the course uses, for Python in a page, where scikit-learn itself is not."""
