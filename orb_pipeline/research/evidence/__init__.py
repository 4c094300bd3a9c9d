"""Evidence against overfitting: what the results of thousands of strategies, looked at together, are worth."""

from orb_pipeline.research.evidence.arrays import NoEvidence
from orb_pipeline.research.evidence.luck import Luck
from orb_pipeline.research.evidence.overfitting import Overfitting
from orb_pipeline.research.evidence.study_evidence import Evidence, EvidenceSettings, gather
from orb_pipeline.research.evidence.superior import Superior

__all__ = ["Evidence", "EvidenceSettings", "Luck", "NoEvidence", "Overfitting", "Superior", "gather"]
